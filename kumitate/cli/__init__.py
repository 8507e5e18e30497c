"""The command line (edge)."""
