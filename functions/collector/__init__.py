"""Takes in events over HTTP."""
