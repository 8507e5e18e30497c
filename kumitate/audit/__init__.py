"""What a table holds, before anyone relies on it: types, completeness, likely identifiers, a draft of its source."""
