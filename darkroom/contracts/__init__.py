"""What every table is: the single typed source of truth, one file per table family."""
