"""Tables of the paper, of the run and of its judges."""
