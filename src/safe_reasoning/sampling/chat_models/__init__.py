"""Models that answer many questions.

An endpoint with a budget, or a local model through the engine.

Judges, cue detectors and attackers use them.
"""
