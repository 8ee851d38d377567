"""When and how things run: the composition roots of the code locations, sensors, jobs, the launcher of runs.

Belongs here: everything that knows Dagster's instance, queue and runs. Does not belong here: what exists (`assets`),
when it is wrong (`quality`), how it is computed (`darkroom`).
"""
