"""When the data is wrong: each table's expectations, derived from its contract, and the gate that enforces them.

Belongs here: deriving expectations (`derive`), what a schema cannot say (`suites/<noun>.py`), running both over a batch
(`gate`) and showing the outcome as blocking asset checks (`gates`).
Does not belong here: computing or mending data (`darkroom`), when checks run (`orchestration`), SQL (`stores`).
"""
