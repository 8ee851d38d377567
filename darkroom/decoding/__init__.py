"""Photos decoded in a sandbox: pixels, tags, renditions and fingerprints from bytes nobody has vouched for."""
