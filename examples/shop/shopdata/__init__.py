"""The synthetic company around the shop's real orders: people, their records, their traces."""
