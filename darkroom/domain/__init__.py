"""Pure rules about photos: data in, data out, no I/O."""
