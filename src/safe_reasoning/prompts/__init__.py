"""Prompt sets: benchmarks, attacks, the nano world."""
