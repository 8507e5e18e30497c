"""What engines rewrite alike: casts of text, which accept more than Athena's, and estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from kumitate.engines.dialect import kinds as k
from kumitate.engines.dialect.rewriting import Piece

WHITE_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u205f\u3000"
)
"""What trim removes: white space of every script, without the no-break kinds."""

_DATE = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
SHAPES = {
    k.INTEGER: "[+-]?[0-9]+",
    k.DATE: _DATE,
    k.TIMESTAMP: f"{_DATE}( [0-9]{{1,2}}:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]+)?)?)?",
    k.DECIMAL: "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)",
    k.DOUBLE: "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?",
}
BOOLEANS = {"t": "true", "true": "true", "1": "true", "f": "false", "false": "false", "0": "false"}


@dataclass(frozen=True, slots=True)
class CastOfText:
    """How one engine casts text as Athena does, refusing what Athena refuses (`2020/01/05` as a date, ` 1 `)."""

    timestamp: str
    """The engine's name of a timestamp without zone."""
    error: str
    """The function that stops a query with a message."""
    fits: Callable[[str, str], str]
    """The condition that the whole of a text has a shape."""

    def __call__(self, piece: Piece, wanted: str) -> str | None:
        value = piece.text()
        refusal = "null" if isinstance(piece.node, exp.TryCast) else f"{self.error}('this text is no {wanted}')"
        if wanted == k.BOOLEAN:
            cases = " ".join(f"when '{text}' then {answer}" for text, answer in BOOLEANS.items())
            return f"(case when ({value}) is null then null else case lower({value}) {cases} else {refusal} end end)"
        shape = SHAPES.get(wanted)
        if shape is None:
            return None
        fits, typed = self.fits(value, shape), self.as_type(piece, value)
        return f"(case when ({value}) is null then null when {fits} then {typed} else {refusal} end)"

    def as_type(self, piece: Piece, value: str) -> str:
        """`value` as the type that the cast asks for."""
        type_ = piece.node.args["to"]
        name = self.timestamp if k.of_data_type(type_) == k.TIMESTAMP else piece.sql(type_)
        return f"{'try_cast' if isinstance(piece.node, exp.TryCast) else 'cast'}({value} as {name})"


def exact_count(piece: Piece) -> str:
    """`approx_distinct`, whose estimates no two engines share: the number it estimates."""
    return f"count(distinct {piece.text()})"
