"""Writes docs/reference from the code: what is documented there exists, and the other way round."""
