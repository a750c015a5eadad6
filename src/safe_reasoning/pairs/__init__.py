"""Preference pairs and demonstrations (paper section 3)."""
