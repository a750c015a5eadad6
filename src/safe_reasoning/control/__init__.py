"""Decode-time control: a policy edits a reasoning while the model writes it (no training)."""
