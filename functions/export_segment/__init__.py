"""Writes a segment's members as files."""
