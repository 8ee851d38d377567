"""Starts, watches and ends the platform's processes; the only folder that starts servers.

Belongs here: the embedded Postgres, ports and addresses, child processes and their recovery, the home's version stamp,
the doctor. Does not belong here: what a process does once it runs, or what the user sees of it (`cli`).
"""
