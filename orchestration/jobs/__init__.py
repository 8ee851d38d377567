"""Jobs: what a run does. One file per job."""
