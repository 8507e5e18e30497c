"""Kumitate: a composable customer data platform."""
