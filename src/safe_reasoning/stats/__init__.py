"""Rates with intervals, paired differences, spread over training seeds.

Pure functions on numbers.
"""
