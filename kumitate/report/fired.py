"""What triggers fired: per sync whom it would reach now, and what became of every firing so far."""

from __future__ import annotations

from dataclasses import dataclass

from kumitate.activation.cards import READY
from kumitate.activation.tables import FIRINGS
from kumitate.config.project import Config
from kumitate.model.step import Query
from kumitate.report import questions
from kumitate.report.questions import Ask, of
from kumitate.report.tallies import Tally


@dataclass(frozen=True, slots=True)
class FiredReport:
    """One sync that a trigger fires."""

    name: str
    trigger: str
    destination: str
    reaches: int
    """People whom it would bring something to, as of this run."""
    held: tuple[Tally, ...]
    """People whom it would not, by gate."""
    states: tuple[Tally, ...]
    """Firings by what became of them: accepted, rejected, held, pending, unknown."""

    @property
    def held_back(self) -> int:
        return sum(gate.count for gate in self.held)

    @property
    def fired(self) -> int:
        return sum(state.count for state in self.states)

    def count(self, state: str) -> int:
        return next((each.count for each in self.states if each.name == state), 0)


def fired(ask: Ask, config: Config, run_id: str) -> tuple[FiredReport, ...]:
    """None where the project has no such sync, and no table of firings."""
    if not config.fired_syncs:
        return ()
    counts, states = ask(questions.sync_counts(run_id)), ask(firings())
    return tuple(
        FiredReport(
            name=name,
            trigger=sync.trigger or "",
            destination=sync.destination,
            reaches=sum(row["rows"] for row in of(counts, "sync", name) if row["outcome"] == READY),
            held=tuple(
                Tally(row["outcome"].removeprefix("held:"), row["rows"])
                for row in of(counts, "sync", name)
                if row["outcome"] != READY
            ),
            states=tuple(Tally(row["state"], row["rows"]) for row in of(states, "sync", name)),
        )
        for name, sync in sorted(config.fired_syncs.items())
    )


def firings() -> Query:
    sql = f"""select sync, state, count(*) as rows
from {FIRINGS}
group by sync, state
order by 1, 2"""
    return Query("firings_by_state", sql)
