"""What the columns of an unknown table mean: told from their headers and from their values."""
