"""What a schema cannot say, one file per table, named like the table's contract; found by that name.

A suite is a module with `RULES`, a tuple of `quality.rules.Rule`. Adding a check means adding it to that tuple.
Does not belong here: anything about one column alone (say it in the contract; `quality.derive` reads it).
"""
