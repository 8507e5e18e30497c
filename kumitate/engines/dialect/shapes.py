"""Which texts Athena's casts accept, for engines that would accept more."""

from __future__ import annotations

from kumitate.engines.dialect import kinds as k

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
