"""One construct for each concept that a project declares."""
