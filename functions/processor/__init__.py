"""Watches collected events, and tells which triggers fire."""
