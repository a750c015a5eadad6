"""What every package stands on: rows and their files, provenance, traces and sentences, seeds, command line, redaction, errors."""
