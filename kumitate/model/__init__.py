"""The vocabulary: what every stage talks about, and nothing that acts."""
