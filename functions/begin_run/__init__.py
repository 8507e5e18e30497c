"""Begins a run, or takes the last one up again, one at a time."""
