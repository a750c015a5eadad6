"""Rates with intervals, paired differences, spread over training seeds: pure functions on numbers."""
