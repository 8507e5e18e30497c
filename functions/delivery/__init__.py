"""Delivers the pages of one account's queue."""
