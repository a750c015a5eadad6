"""Judges of harm and compliance, one file each."""
