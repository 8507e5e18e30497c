"""The run report: numbers in, one HTML page out."""
