"""Rates by method and prompt set and over seeds, KL, contamination, cost (paper section 4)."""
