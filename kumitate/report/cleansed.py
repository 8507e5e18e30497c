"""What cleansing did: per source and column the values it changed or could not use, and why, with shapes of some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kumitate.cleanse.reasons import REASONS
from kumitate.report.questions import Row
from kumitate.report.words import Words

_SHOWN_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Touch:
    """One reason: how many rows of a column, and what some of them said, as shapes."""

    code: str
    kind: str
    """`changed`, `unusable` (now null) or `rejected` (the whole row)."""
    rows: int
    now: int
    samples: tuple[str, ...] = ()

    @property
    def words(self) -> Words:
        return sentence(self.code)


@dataclass(frozen=True, slots=True)
class CleansedColumn:
    """One column's rule: what it did since the source was last cleansed from the beginning on, and in this run."""

    name: str
    semantic: str
    changed: int = 0
    changed_now: int = 0
    touches: tuple[Touch, ...] = ()
    """Most frequent first."""

    @property
    def unusable(self) -> int:
        return self._rows("unusable")

    @property
    def unusable_now(self) -> int:
        return sum(touch.now for touch in self.touches if touch.kind == "unusable")

    @property
    def rejected(self) -> int:
        return self._rows("rejected")

    def _rows(self, kind: str) -> int:
        return sum(touch.rows for touch in self.touches if touch.kind == kind)


def sentence(code: str) -> Words:
    """What a code says; the code itself where it is none of cleansing's."""
    reason = REASONS.get(code)
    if code == "required.missing":
        return Words("A required value is missing.", "必須の値がありません。")
    return Words(code, code) if reason is None else Words(reason.en, reason.ja)


def legend(columns: Iterable[CleansedColumn]) -> tuple[tuple[str, Words], ...]:
    """Every reason that was given, with its sentence."""
    touches = (touch for column in columns for touch in column.touches)
    return tuple(sorted({touch.code: touch.words for touch in touches}.items()))


def columns(rows: list[Row]) -> tuple[CleansedColumn, ...]:
    """One source's columns that something was done to, by name."""
    return tuple(_column([row for row in rows if row["column_name"] == name]) for name in _names(rows))


def _names(rows: list[Row]) -> list[str]:
    return sorted({row["column_name"] for row in rows})


def _column(rows: list[Row]) -> CleansedColumn:
    totals = [row for row in rows if row["code"] is None]
    return CleansedColumn(
        rows[0]["column_name"],
        rows[0]["semantic"],
        sum(row["rows"] for row in totals),
        sum(row["rows_now"] for row in totals),
        tuple(sorted(_touches(rows), key=lambda touch: (-touch.rows, touch.code))),
    )


def _touches(rows: Iterable[Row]) -> Iterator[Touch]:
    for row in rows:
        if row["code"] is not None:
            samples = tuple(row["samples"][:_SHOWN_SAMPLES])
            yield Touch(row["code"], row["kind"], row["rows"], row["rows_now"], samples)
