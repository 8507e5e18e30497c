"""What is odd about a table as a whole: its first line is no header, or a spreadsheet has shortened its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.audit.columns import Values
from kumitate.audit.facts import ColumnFound
from kumitate.cleanse.recognition.headers import meaning
from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.config.source import Semantic

_SHORTENED = r"^\s*-?\d(?:\.\d+)?[eE]\+\d{2,}\s*$"
"""`4.90E+11`: how a spreadsheet shows, and saves as text, a number that is longer than its cell."""
_NUMBERS = (Semantic.ID, Semantic.INTEGER, Semantic.PHONE, Semantic.CORPORATE_NUMBER)
_NEVER_A_HEADER = (Semantic.EMAIL, Semantic.PHONE, Semantic.POSTAL_CODE, Semantic.BIRTHDATE)
"""Types whose values nobody calls a column; a date, a year and a number may well be a header."""
_NUMBER_OF_A_NAME = re.compile(r" \(\d+\)$")


def shortened(values: Values) -> int:
    """The rows whose number is written with an exponent."""
    matched = pc.match_substring_regex(values.texts, _SHORTENED).to_pylist()
    return sum(held for held, is_short in zip(values.held, matched, strict=True) if is_short)


def of_a_column(column: ColumnFound, values: Values) -> Iterator[str]:
    """Digits that are lost: what a spreadsheet wrote as 4.90E+11 for a number that names something."""
    meant = meaning(column.name)
    if column.semantic in _NUMBERS or (meant is not None and meant.semantic in _NUMBERS):
        rows = shortened(values)
        if rows:
            yield (
                f"{column.name}: {_rows(rows)} with a number such as 4.90E+11, as a spreadsheet shortens it: "
                "the last digits are lost; have the file saved with this column as text"
            )


def of_the_header(columns: Sequence[ColumnFound], country: str) -> Iterator[str]:
    """A title above the header, or no header at all."""
    columns = [each for each in columns if each.filled]
    nameless = [each for each in columns if not _NUMBER_OF_A_NAME.sub("", each.name)]
    if nameless:
        yield (
            f"the first line names {len(columns) - len(nameless)} of {len(columns)} columns with values: where it is a "
            "title, take it off, so that the header comes first"
        )
    values = [each for each in columns if each.guess.semantic in _NEVER_A_HEADER and _reads(each, country)]
    if values:
        yield (
            f"the first line seems to be a row and no header ({len(values)} of its fields are values like those below "
            "them): put a line with the columns' names in front, or that row is lost"
        )


def _reads(column: ColumnFound, country: str) -> bool:
    """Whether the header itself is a value of the column's type."""
    rule = Rule("value", column.guess.semantic, (), country, "UTC")
    name = pa.array([_NUMBER_OF_A_NAME.sub("", column.name)], pa.string())
    return bool(column_cleanser(rule)(name).values.is_valid()[0].as_py())


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"
