"""What exists: thin Dagster assets that read a contract, call a service and attach metadata, one file per noun.

Belongs here: an asset's key, dependencies, partitions and metadata. Does not belong here: work (`darkroom.services`),
whether data is good (`quality`), when anything runs (`orchestration`), or SQL (`darkroom.stores`).
"""
