"""Pieces that the statements of this stage share."""

from __future__ import annotations

from kumitate.activation.tables import OUTCOMES
from kumitate.model.step import Run
from kumitate.model.table import Type
from kumitate.sql.vocabulary import literal, text


def string(value: str) -> str:
    """A text as a bound literal: `it's` is `'it''s'`."""
    return text(literal(value, Type.STRING))


def last_outcomes(sync: str, run: Run) -> str:
    """A CTE: every row's outcome in earlier runs, the newest with `age` 1."""
    return f"""last_outcomes as (
  select key, verdict, row_number() over (partition by key order by run_id desc) as age
  from {OUTCOMES}
  where sync = {string(sync)} and run_id < {string(run.id)}
)"""
