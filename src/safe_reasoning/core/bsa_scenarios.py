"""The scenarios of Beyond Safe Answers (2025, arXiv 2505.19690), for its reader and its scores."""

from __future__ import annotations

# Requests of each in the whole benchmark, by which its authors divide
SCENARIOS = {"Over Sensitivity": 200, "Cognitive Shortcut": 1200, "Risk Omission": 600}
