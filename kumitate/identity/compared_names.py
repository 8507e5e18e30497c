"""Names as they are compared: written large or small, with or without a blank in Japanese, they are one name.

What is stored keeps both: who greets somebody writes the name as its owner does.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.config.source import Semantic, Source
from kumitate.identity.statements import bound

NAMES = frozenset({Semantic.NAME, Semantic.KANA})
_JAPANESE = "[々ぁ-ヿ㐀-鿿]"
"""Characters and not their numbers, which each engine's expressions spell in a way of their own."""
_LARGE = (("İ", "I"), ("Σ", "σ"), ("ς", "σ"))
"""Letters that engines do not make small alike."""


def compared(names: pa.Array) -> pa.Array:
    """`高橋 一郎` is `高橋一郎`; `Van Gogh` is `van gogh`, and not `vangogh`."""
    if not pc.any(pc.match_substring(names, " ")).as_py():
        return pc.utf8_lower(names)
    is_japanese = pc.match_substring_regex(names, _JAPANESE)
    return pc.utf8_lower(pc.if_else(is_japanese, pc.replace_substring(names, " ", ""), names))


def compared_sql(name: str) -> str:
    """The same of a column, as SQL."""
    japanese = f"regexp_like({name}, {bound(_JAPANESE)})"
    plain = f"case when {japanese} then replace({name}, ' ', '') else {name} end"
    for large, small in _LARGE:
        plain = f"replace({plain}, {bound(large)}, {bound(small)})"
    return f"lower({plain})"


def is_name(source: Source, column: str) -> bool:
    """Whether a column holds names, or a part of them."""
    spec = source.columns.get(column)
    if spec is not None and spec.part:
        spec = source.columns.get(spec.part.partition(".")[0])
    return spec is not None and spec.type in NAMES
