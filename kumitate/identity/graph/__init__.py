"""Resolving as pure functions on integer arrays: the same on laptop, Spark driver and in tests."""
