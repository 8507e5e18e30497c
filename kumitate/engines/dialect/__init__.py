"""Athena's SQL for other engines: the one place that knows where they differ."""

from kumitate.engines.dialect.refusals import Refusal
from kumitate.engines.dialect.translation import Target, parse, refused, tables_of, translate

__all__ = ["Refusal", "Target", "parse", "refused", "tables_of", "translate"]
