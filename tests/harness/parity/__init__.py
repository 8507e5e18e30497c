"""What Athena answers, by Trino's documentation: small queries that every engine must answer alike.

Expected rows are written by hand from the page named in `page` (trino.io/docs/current/<page>.html), never copied
from an engine.
"""

from harness.parity import arrays, numbers, queries, text, times
from harness.parity.case import Case

CASES: tuple[Case, ...] = (*numbers.CASES, *text.CASES, *times.CASES, *arrays.CASES, *queries.CASES)
