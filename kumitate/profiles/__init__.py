"""Persons become profiles: golden record, traits and consent in one row."""
