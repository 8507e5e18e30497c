"""Raw strings become typed, normalised values; a row that breaks its contract becomes quarantine."""
