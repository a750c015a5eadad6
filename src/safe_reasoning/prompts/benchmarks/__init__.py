"""Prompts of published benchmarks, one small module each."""
