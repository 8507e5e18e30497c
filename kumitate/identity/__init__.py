"""Records that belong to one person become one person, with an id that lasts (名寄せ)."""
