"""Tells the pages of a sync to its account's queue."""
