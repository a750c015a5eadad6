"""Rates by method and prompt set, over training seeds, KL, contamination, cost (paper section 4)."""
