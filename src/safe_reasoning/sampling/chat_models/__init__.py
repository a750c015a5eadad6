"""Models that answer many questions: an endpoint with a budget, or a local model through the engine.

Judges, cue detectors and attackers use them.
"""
