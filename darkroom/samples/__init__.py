"""The sample library: pictures that installed packages ship, and papers rendered here, dated, placed and titled."""
