"""Detectors of compliance cues, one file each."""
