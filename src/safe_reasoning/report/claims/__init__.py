"""The scorecard of the paper's claims."""
