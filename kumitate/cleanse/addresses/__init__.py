"""Japanese addresses: held against the postal master, taken apart, written in one notation."""
