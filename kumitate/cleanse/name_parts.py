"""A cleansed name taken apart, where it says itself where to: at a comma or a blank."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

_COMMA = r"^(?P<family>[^,]+), ?(?P<given>[^,]+)$"
_JAPANESE = r"^(?P<family>[^ ,]*[\x{3040}-\x{30FF}\x{3400}-\x{9FFF}\x{20000}-\x{3FFFF}][^ ,]*) (?P<given>[^ ,]+)$"
_CAPITALS = r"^(?P<family>\p{Lu}[\p{Lu}'-]+) (?P<given>\p{Lu}[^ ,]*\p{Ll}[^ ,]*)$"
_WESTERN = r"^(?P<given>[^ ,]+) (?P<family>[^ ,]+)$"
_PATTERNS = (_COMMA, _JAPANESE, _CAPITALS, _WESTERN)


def family_and_given(values: pa.Array) -> Mapping[str, pa.Array]:
    """`高橋 一郎`, `Yamada, Taro` and `YAMADA Taro`: the family first; `Taro Yamada`: last.

    Null for both where it cannot be told: without a blank, or with more than two words.
    """
    found = [pc.extract_regex(values, pattern) for pattern in _PATTERNS]
    return {part: pc.coalesce(*(pc.struct_field(each, part) for each in found)) for part in ("family", "given")}
