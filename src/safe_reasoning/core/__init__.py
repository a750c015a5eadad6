"""What every package stands on.

Rows and their files, provenance, traces and sentences, seeds, command line, redaction, errors.
"""
