"""Segments become one scan: deduplicated metrics, then predicates, into one bit mask per profile."""
