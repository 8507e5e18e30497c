"""A whole project's configuration, as one frozen value."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from kumitate.config.contract import Contract
from kumitate.config.environment import Environment
from kumitate.config.gates import ExclusionList, FrequencyBudget, HoldOut, SyncRanking
from kumitate.config.identity import Entity
from kumitate.config.published import Published
from kumitate.config.quality import QualityRules
from kumitate.config.segment import PriorityList, Segment
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.config.stewards import StewardLink
from kumitate.config.sync import Destination, Sync
from kumitate.config.trait import Trait
from kumitate.config.trigger import Trigger
from kumitate.model.expression import Section


class Config(Section):
    """Every section by name; each field is a folder of YAML mappings, unless it says what else it is."""

    root: Path
    settings: Settings
    sources: dict[str, Source] = Field(min_length=1)
    identity: dict[str, Entity] = Field(min_length=1)
    traits: dict[str, Trait] = {}
    segments: dict[str, Segment] = {}
    priorities: dict[str, PriorityList] = {}
    lists: dict[str, tuple[str, ...]] = {}
    """`lists/NAME.csv`: one value a line."""
    stewards: tuple[StewardLink, ...] = ()
    """`stewards/NAME.csv`: what people decided about records, in the columns left, right, link, author, reason, at."""
    quality: dict[str, QualityRules] = {}
    destinations: dict[str, Destination] = {}
    syncs: dict[str, Sync] = {}
    exclusions: dict[str, ExclusionList] = {}
    holdouts: dict[str, HoldOut] = {}
    budgets: dict[str, FrequencyBudget] = {}
    rankings: dict[str, SyncRanking] = {}
    contracts: dict[str, Contract] = {}
    published: Published = {}
    """`contracts/published.json`: fingerprints of what was promised to senders."""
    triggers: dict[str, Trigger] = {}
    environments: dict[str, Environment] = {}
    person_model: str = ""
    """The text of the file that `person.model.file` names; blank where it names none, or the file was not read."""

    @property
    def person(self) -> Entity:
        return self.identity["person"]

    @property
    def run_syncs(self) -> dict[str, Sync]:
        """Syncs that runs bring: those without a trigger."""
        return {name: sync for name, sync in self.syncs.items() if sync.trigger is None}

    @property
    def fired_syncs(self) -> dict[str, Sync]:
        """Syncs that bring what a trigger tells, when it fires."""
        return {name: sync for name, sync in self.syncs.items() if sync.trigger is not None}
