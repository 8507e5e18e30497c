"""The words of a text in Athena's SQL, read once for all who look at them."""

from __future__ import annotations

from functools import cache, lru_cache

from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import Token

SOURCE = "athena"


@cache
def dialect(name: str) -> Dialect:
    """sqlglot's dialect; by its name alone, it is built anew for every text."""
    return Dialect.get_or_raise(name)


@lru_cache(maxsize=16)
def words_of(sql: str) -> list[Token]:
    """Its tokens, not to be changed; raises sqlglot's TokenError."""
    return dialect(SOURCE).tokenize(sql)
