"""Local stand-ins of destinations that check every request against the vendor's contract (edge)."""
