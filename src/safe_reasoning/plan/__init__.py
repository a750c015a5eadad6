"""What a run will cost, what it needs, what must hold before it starts."""
