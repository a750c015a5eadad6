"""Measurements of what the pipeline costs: `make bench` prints them and writes docs/performance.md.

A part is a module of this package with a `TITLE`, a function `measure()` that gives the rows of one
table, and, where the numbers need words, `NOTES`, which stand below the table. What is compared is
measured in one run of `measure()`, on the same work, as a ratio.
"""

PARTS = ("continuation_safety", "sampling", "training", "growth", "records", "startup")
