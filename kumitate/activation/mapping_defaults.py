"""A destination's usual fields: what it calls a person's e-mail, phone or name, where a sync asks for them."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping

from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.config.mapping import FieldMapping
from kumitate.config.project import Config
from kumitate.config.sync import Sync


def filled(
    sync: Sync, defaults: Mapping[str, tuple[str, ...]], known: Collection[str]
) -> dict[str, str | FieldMapping]:
    """The sync's own fields, and where it asks for them, those of `defaults`: the first whose columns are `known`."""
    if not sync.default_fields:
        return sync.fields
    fitting = {
        name: [template for template in several if _columns(template) <= set(known)]
        for name, several in defaults.items()
    }
    return {**{name: several[0] for name, several in fitting.items() if several}, **sync.fields}


def with_default_fields(config: Config) -> Config:
    """The config with every field, and what a missing value does, written out: no stage needs to know of defaults."""
    known = {"person_id", *config.person.attributes, *config.traits}
    syncs = {name: _written_out(config, sync, known) for name, sync in config.syncs.items()}
    return config.model_copy(update={"syncs": syncs})


def _written_out(config: Config, sync: Sync, known: Collection[str]) -> Sync:
    class_ = destination_class(registered(config.destinations[sync.destination], sync))
    fields, nulls = filled(sync, class_.defaults, known), {"default": class_.missing, **sync.nulls}
    if fields == sync.fields and (class_.missing == "keep" or nulls == sync.nulls):
        return sync
    return sync.model_copy(update={"fields": fields, "nulls": nulls})


def _columns(template: str) -> set[str]:
    return {column for _, column, _, _ in string.Formatter().parse(template) if column}
