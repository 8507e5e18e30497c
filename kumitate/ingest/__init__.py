"""Files as delivered become raw rows; what cannot be read becomes quarantine, with file and line."""
