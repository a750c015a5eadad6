"""Audit of judges: how far they agree with people, with each other, and whether the main result
depends on them.
"""
