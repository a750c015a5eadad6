"""A page on which a person reads traces.

Sentences, cues, triggers and the continuation safety ratio, masked by default.
"""
