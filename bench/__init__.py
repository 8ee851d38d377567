"""Measurements: ratios between Darkroom and what a competent user would do instead, side by side in one run.

Belongs here: one file per bench, the corpus, the baselines, and what turns rounds into a ratio with its spread.
Does not belong here: tests (absolute times pass or fail nowhere), and anything the product imports.
"""
