"""Where plans meet the world: one run executed over a lake, an engine and destinations (edge)."""
