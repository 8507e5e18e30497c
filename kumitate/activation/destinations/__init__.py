"""Destinations: frozen settings and two pure methods each."""
