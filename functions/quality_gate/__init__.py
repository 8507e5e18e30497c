"""Judges a run before anything is sent."""
