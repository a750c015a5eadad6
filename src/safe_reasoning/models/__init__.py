"""Base models: one trained from scratch, one converted from a package of real weights and warmed
up.
"""
