"""A page on which a person reads traces: sentences, cues, triggers and the continuation safety ratio, masked by default."""
