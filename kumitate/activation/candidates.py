"""Candidates of a sync: the segment's members, what the destination would get of each, and what holds them back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.activation.statements import last_outcomes, string
from kumitate.activation.tables import candidates_table
from kumitate.activation.templates import Template, held_rows, parse_template, render_json, render_text
from kumitate.config.project import Config
from kumitate.config.sync import Sync
from kumitate.model.expression import Consent
from kumitate.model.step import BatchStep, Query, QueryStep, Run
from kumitate.model.table import validate_identifier
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.segments.masks import is_member
from kumitate.segments.tables import masks_table
from kumitate.sql.vocabulary import text

GATE = "_gate"
UNMATCHED = "field.unmatched"
"""A value that a field's lookup does not hold."""
_HASH_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Mapping:
    """A sync's templates: of the key, and of each field by name, sorted."""

    key: Template
    fields: tuple[tuple[str, Template], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Profile columns the templates take, once each, sorted."""
        templates = (self.key, *(template for _, template in self.fields))
        return tuple(sorted({column for template in templates for column in template.columns}))


def mapping_of(sync: Sync) -> Mapping:
    fields = tuple((name, parse_template(template)) for name, template in sorted(sync.fields.items()))
    return Mapping(parse_template(sync.key), fields)


def candidates(config: Config, run: Run, name: str) -> BatchStep:
    """Every member of the sync's segment with consent and exclusions as a gate, key and fields rendered."""
    table = candidates_table(name)
    mapping = mapping_of(config.syncs[name])
    query = Query(f"candidates_{name}", _members(config, run, name))
    return BatchStep(table, query, partial(render, mapping, table.schema))


def _members(config: Config, run: Run, name: str) -> str:
    sync = config.syncs[name]
    taken = [f"p.{validate_identifier(column)}" for column in mapping_of(sync).columns if column != "person_id"]
    columns = ",\n  ".join(["p.person_id", f"{_gate(config, run, sync)} as {GATE}", *taken])
    member = text(is_member(config, run, sync.segment, alias="m"))
    return (
        f"select\n  {columns}\n"
        f"from {masks_table('curated', config, run)} as m\n"
        f"join {profiles_table(config)} as p on p.person_id = m.person_id\n"
        f"{_consent_join(sync)}"
        f"where {member}"
    )


def _gate(config: Config, run: Run, sync: Sync) -> str:
    """Why a member is not sent: consent first, then the first exclusion that holds."""
    cases = []
    if isinstance(sync.consent, Consent):
        cases += ["when k.granted = false then 'no_consent'", "when k.granted is null then 'consent_unknown'"]
    for segment in sync.exclude:
        excluded = text(is_member(config, run, segment, alias="m"))
        cases.append(f"when {excluded} then {string(f'excluded:{segment}')}")
    return f"case {' '.join(cases)} end" if cases else "cast(null as varchar)"


def _consent_join(sync: Sync) -> str:
    if not isinstance(sync.consent, Consent):
        return ""
    return (
        f"left join {CONSENTS} as k on k.person_id = m.person_id"
        f" and k.purpose = {string(sync.consent.purpose)} and k.channel = {string(sync.consent.channel)}\n"
    )


def render(mapping: Mapping, schema: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Members in, candidates out; a key with a missing part is no key."""
    key = render_text(mapping.key, batch, missing=None)
    empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(key), ""), True)
    gate = batch.column(GATE).cast(pa.string())
    gate = pc.if_else(pc.and_(pc.is_null(gate), empty), "key.empty", gate)
    for _, template in mapping.fields:
        unmatched = held_rows(template, batch)
        if unmatched is not None:
            gate = pc.if_else(pc.and_(pc.is_null(gate), unmatched), UNMATCHED, gate)
    fields = _object(mapping, batch)
    hashes = [hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS] for text in fields.to_pylist()]
    person_id = batch.column("person_id").cast(pa.string())
    return pa.RecordBatch.from_arrays([person_id, key, gate, fields, pa.array(hashes, pa.string())], schema=schema)


def _object(mapping: Mapping, batch: pa.RecordBatch) -> pa.Array:
    """The fields of every row as one JSON object, keys sorted."""
    pieces: list[pa.Array | pa.Scalar] = []
    for number, (name, template) in enumerate(mapping.fields):
        opening = "{" if number == 0 else ","
        pieces += [pa.scalar(f"{opening}{_quoted(name)}:"), render_json(template, batch)]
    return pc.binary_join_element_wise(*pieces, pa.scalar("}"), "")


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def held(name: str, run: Run) -> QueryStep:
    """The candidates once more, with the gates that need all of them or their past.

    Of several people with one key the smallest person id goes. A row whose last delivery has no verdict is
    not sent again: nobody knows whether it arrived.
    """
    table = candidates_table(name)
    query = Query(
        f"held_{name}",
        f"""with {last_outcomes(name, run)},
unknown_rows as (
  select key from last_outcomes where age = 1 and verdict = 'unknown'
),
ranked as (
  select person_id, key, gate, fields, fields_hash,
    row_number() over (
      partition by key order by case when gate is null then 0 else 1 end, person_id
    ) as place
  from {table}
)
select
  r.person_id,
  r.key,
  case
    when r.gate is not null then r.gate
    when r.place > 1 then 'key.duplicate'
    when u.key is not null then 'delivery.unknown'
  end as gate,
  r.fields,
  r.fields_hash
from ranked as r
left join unknown_rows as u on u.key = r.key""",
    )
    return QueryStep(table, query)
