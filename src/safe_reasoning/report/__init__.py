"""Figures, tables, claims and the pages that show them, from stored metrics alone."""
