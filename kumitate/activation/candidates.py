"""Candidates of a sync: the segment's members, what the destination would get of each, and what holds them back.

Keys come first, for gates that need all of them; fields are rendered, and written, once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.activation.gates import KEY_EMPTY, consent_join, first_gate
from kumitate.activation.tables import candidates_table, keys_table
from kumitate.activation.templates import Template, held_rows, may_hold, parse_template, render_json, render_text
from kumitate.activation.values import raw_texts
from kumitate.config.project import Config
from kumitate.config.sync import NullPolicy, Sync
from kumitate.model.expression import Consent
from kumitate.model.step import BatchStep, Query, Run
from kumitate.model.table import validate_identifier
from kumitate.profiles.tables import profiles_table
from kumitate.segments.masks import is_member
from kumitate.segments.tables import masks_table
from kumitate.sql.vocabulary import text

GATE, KEY = "_gate", "_key"
UNMATCHED = "field.unmatched"
"""A value that a field's lookup does not hold."""
_HASH_BYTES = 16
_NO_VALUE = pa.scalar(None, pa.string())


@dataclass(frozen=True, slots=True)
class Mapping:
    """A sync's templates: of the key, and of each field by name, sorted."""

    key: Template
    fields: tuple[tuple[str, Template], ...]
    nulls: tuple[tuple[str, NullPolicy], ...] = ()
    """What a missing value does, by field; `default` for the others."""

    def policy(self, field: str) -> NullPolicy:
        """`keep`, unless the sync says otherwise."""
        given = dict(self.nulls)
        return given.get(field, given.get("default", "keep"))

    @property
    def columns(self) -> tuple[str, ...]:
        """Profile columns the fields take, once each, sorted."""
        return _columns(template for _, template in self.fields)

    @property
    def asking(self) -> tuple[tuple[str, Template], ...]:
        """The fields that hold a row back where they have no value."""
        return tuple(
            (name, template) for name, template in self.fields if self.policy(name) == "hold" or may_hold(template)
        )

    @property
    def asked(self) -> tuple[str, ...]:
        """Profile columns that the key takes, and the fields that may hold a row back."""
        return _columns((self.key, *(template for _, template in self.asking)))


def _columns(templates: Iterable[Template]) -> tuple[str, ...]:
    return tuple(sorted({column for template in templates for column in template.columns}))


def mapping_of(sync: Sync) -> Mapping:
    fields = tuple((name, parse_template(template)) for name, template in sorted(sync.fields.items()))
    return Mapping(parse_template(sync.key), fields, tuple(sorted(sync.nulls.items())))


def keys(config: Config, run: Run, name: str) -> BatchStep:
    """Every member of the sync's segment by key, with the gates that a row tells by itself."""
    table = keys_table(name)
    mapping = mapping_of(config.syncs[name])
    query = Query(f"keys_{name}", _members(config, run, name))
    return BatchStep(table, query, partial(keyed, mapping, table.schema))


def candidates(config: Config, name: str, held: str) -> BatchStep:
    """Every member with the gate that holds them back, if any, key and fields rendered.

    `held` are CTEs, the last of which is `held`: the members by key, with their gates.
    """
    table = candidates_table(name)
    mapping = mapping_of(config.syncs[name])
    columns = _listed("h.person_id", f"h.key as {KEY}", f"h.gate as {GATE}", *_taken(mapping.columns))
    joined = f"{profiles_table(config)} as p\njoin held as h on h.person_id = p.person_id"
    query = Query(f"candidates_{name}", f"with {held}\nselect\n  {columns}\nfrom {joined}")
    return BatchStep(table, query, partial(render, mapping, table.schema))


def _members(config: Config, run: Run, name: str) -> str:
    sync = config.syncs[name]
    columns = _listed("p.person_id", f"{first_gate(config, run, sync)} as {GATE}", *_taken(mapping_of(sync).asked))
    member = text(is_member(config, run, sync.segment, alias="m")) if sync.segment else "true"
    return (
        f"select\n  {columns}\n"
        f"from {profiles_table(config)} as p\n"
        f"join {masks_table('curated', config, run)} as m on m.person_id = p.person_id\n"
        f"{consent_join(sync.consent, 'm.person_id') if isinstance(sync.consent, Consent) else ''}"
        f"where {member}"
    )


def _taken(columns: Sequence[str]) -> Sequence[str]:
    return [f"p.{validate_identifier(column)}" for column in columns if column != "person_id"]


def _listed(*columns: str) -> str:
    return ",\n  ".join(columns)


def keyed(mapping: Mapping, schema: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Members in, their keys out; a key with a missing part is no key."""
    key = render_text(mapping.key, batch, missing=None)
    empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(key), ""), True)
    gate = _gated(batch.column(GATE).cast(pa.string()), empty, KEY_EMPTY)
    for name, template in mapping.asking:
        if mapping.policy(name) == "hold":
            gate = _gated(gate, pc.is_null(_value(template, batch).array), f"field.null:{name}")
        unmatched = held_rows(template, batch)
        if unmatched is not None:
            gate = _gated(gate, unmatched, UNMATCHED)
    person_id = batch.column("person_id").cast(pa.string())
    return pa.RecordBatch.from_arrays([person_id, key, gate], schema=schema)


def render(mapping: Mapping, schema: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Members by key in, candidates out."""
    values = []
    for name, template in mapping.fields:
        value = _value(template, batch)
        values.append((_quoted(name), value.cleared() if mapping.policy(name) == "clear" else value))
    fields = _object(values, batch.num_rows)
    known = [batch.column(name).cast(pa.string()) for name in ("person_id", KEY, GATE)]
    return pa.RecordBatch.from_arrays([*known, fields, _hashes(fields)], schema=schema)


def _gated(gate: pa.Array, applies: pa.Array, name: str) -> pa.Array:
    """The first gate that applies stays."""
    return pc.if_else(pc.and_(pc.is_null(gate), applies), name, gate)


@dataclass(frozen=True, slots=True)
class _Value:
    """A field's value per row: JSON as it is, or what stands between `quote` and `quote`; null where there is none."""

    array: pa.Array
    quote: str = ""

    def cleared(self) -> _Value:
        """With JSON's null where there is no value."""
        if not self.array.null_count:
            return self
        quoted = pc.binary_join_element_wise(self.quote, self.array, self.quote, "") if self.quote else self.array
        return _Value(pc.fill_null(quoted, "null"))


def _value(template: Template, batch: pa.RecordBatch) -> _Value:
    """Texts are not copied into quotes of their own where a whole row is put together anyway."""
    raw = raw_texts(batch.column(template.columns[0])) if template.mapping is None and template.is_value else None
    if raw is not None:
        return _Value(raw, '"')
    shown = render_json(template, batch)
    return _Value(pc.if_else(pc.equal(shown, "null"), _NO_VALUE, shown))


def _object(values: Sequence[tuple[str, _Value]], rows: int) -> pa.Array:
    """The fields of every row as one JSON object, keys sorted; a field without a value is not in it."""
    there = next((place for place, (_, value) in enumerate(values) if not value.array.null_count), len(values))
    pieces: list[pa.Array | str] = ["{"]
    for place, (name, value) in enumerate(values):
        before, after = "," if place > there else "", "," if place < there else ""
        member = (f"{before}{name}:{value.quote}", value.array, f"{value.quote}{after}")
        sparse = value.array.null_count > 0
        pieces += [pc.fill_null(pc.binary_join_element_wise(*member, ""), "")] if sparse else member
    if there < len(values):
        return pc.binary_join_element_wise(*pieces, "}", "")
    return _closed(pieces, rows)


def _closed(pieces: Sequence[pa.Array | str], rows: int) -> pa.Array:
    """No field has a value in every row, by which the commas could be told: the last one is cut off."""
    if len(pieces) == 1:
        return pa.array(["{}"] * rows, pa.string())
    members = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*pieces[1:], ""), 0, -1)
    return pc.binary_join_element_wise("{", members, "}", "")


def _hashes(fields: pa.Array) -> pa.Array:
    """The first 16 bytes of sha256 of each text, in hexadecimal digits."""
    digests = b"".join([sha256(text).digest()[:_HASH_BYTES] for text in fields.cast(pa.binary()).to_pylist()]).hex()
    ends = np.arange(len(fields) + 1, dtype=np.int32) * (2 * _HASH_BYTES)
    return pa.StringArray.from_buffers(len(fields), pa.py_buffer(ends), pa.py_buffer(digests.encode()))


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
