"""The SQL vocabulary: conditions become sqlglot trees of whitelisted functions, values bound, names validated."""
