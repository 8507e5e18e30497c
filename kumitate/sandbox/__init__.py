"""Local stand-ins of destinations: real HTTP, the vendor's contract checked, its answers and its moods."""
