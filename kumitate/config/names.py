"""Which names a project may give: lower_snake_case, short, and no word that SQL keeps for itself."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z][a-z0-9_]*")
MAX_LENGTH = 60

# Reserved by Athena's queries or by DuckDB, or unreadable for sqlglot: as a column each would need quotes somewhere.
_WORDS_OF_SQL = """
all alter analyse analyze and any array as asc asymmetric between both by case cast check collate column constraint
create cross cube current_date current_path current_role current_time current_timestamp current_user deallocate
default deferrable delete desc describe distinct do drop else end escape except execute exists extract false fetch
for foreign from full group grouping having if in initially inner insert intersect interval into is join lambda
lateral leading left like limit localtime localtimestamp natural normalize not null offset on only or order outer
pivot placing prepare primary qualify recursive references returning right rollup select show skip some summarize
symmetric table then to trailing true uescape union unique unnest unpivot using values variadic when where window with
"""
RESERVED = frozenset(_WORDS_OF_SQL.split())


def name_problem(name: str) -> str:
    """What is wrong with a name, or nothing: `name_problem("Big-Spenders")`."""
    if not _NAME.fullmatch(name):
        suggested = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
        hint = f"; write {suggested!r}" if _NAME.fullmatch(suggested) else ""
        return f"a name is lower_snake_case (a-z, 0-9, _){hint}"
    if len(name) > MAX_LENGTH:
        return f"a name has at most {MAX_LENGTH} characters; this one has {len(name)}"
    if name in RESERVED:
        return f"{name!r} is a word of SQL; choose another, such as {name + '_name'!r}"
    return ""
