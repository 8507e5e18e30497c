"""Budgets of messages: how many a person got on a channel within a window, from what destinations accepted."""

from __future__ import annotations

from collections.abc import Sequence

from kumitate.activation.statements import string
from kumitate.activation.tables import OUTCOMES, changes_table
from kumitate.config.project import Config
from kumitate.config.sync import Sync
from kumitate.identity.tables import PERSON_ALIASES
from kumitate.model.expression import Consent
from kumitate.model.step import Run
from kumitate.sql.vocabulary import text, timestamp_literal


def budget_of(config: Config, sync: Sync) -> tuple[str, ...]:
    """The budgets that a sync spends: those of its channel, where it sends messages."""
    return tuple(name for name, one in sorted(config.budgets.items()) if _spends(sync, one.channel))


def _spends(sync: Sync, channel: str) -> bool:
    return sync.mode == "append" and isinstance(sync.consent, Consent) and sync.consent.channel == channel


def sent_messages(config: Config, run: Run, budget: str, *, planned: Sequence[str]) -> str:
    """A CTE `sent_<budget>`: messages by person, also those that perhaps arrived, and of this run's `planned` syncs."""
    one = config.budgets[budget]
    syncs = [name for name, sync in sorted(config.syncs.items()) if _spends(sync, one.channel)]
    since = text(timestamp_literal(run.as_of - one.within))
    parts = [
        f"    select person_id from {OUTCOMES}\n"
        f"    where sync in ({', '.join(map(string, syncs))}) and run_id < {string(run.id)}\n"
        f"      and verdict in ('accepted', 'unknown') and at > {since}\n"
        "      and not starts_with(coalesce(reason, ''), 'settled.')"  # a word on a message that counts already
    ]
    parts += [
        f"    select person_id from {changes_table(name)} where operation = 'create'"
        for name in planned
        if name in syncs and name in config.run_syncs
    ]
    sent = "\n    union all\n".join(parts)
    return f"""sent_{budget} as (
  select coalesce(a.person_id, s.person_id) as person_id, count(*) as messages
  from (
{sent}
  ) as s
  left join {PERSON_ALIASES} as a on a.alias = s.person_id
  group by coalesce(a.person_id, s.person_id)
)"""
