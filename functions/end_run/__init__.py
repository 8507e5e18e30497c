"""Ends a run, tells so, and starts one more where somebody asked for it meanwhile."""
