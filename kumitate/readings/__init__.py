"""How one delivered text is read, without columns: the same for a table, an event, and a single value."""
