"""Cleanses a bare table, without a project: which columns become what, batch by batch, and what was done to them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import takewhile

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.recognise import Guess
from kumitate.cleanse.record_countries import OF_A_COUNTRY, UNKNOWN, cleanse_delivered
from kumitate.cleanse.rules import Rule
from kumitate.cleanse.touched import gathered
from kumitate.cleanse.values import Cleansed
from kumitate.config.source import ColumnSpec, Semantic
from kumitate.config.table_rules import TableRules
from kumitate.model.masking import mask

CHANGES, ORIGINALS, REASON = "_changes", "_originals", "_reason"
MISSING = "required.missing"
_SURE, _LIKELY = 0.8, 0.5
_MOST_UNUSABLE = 0.1
_SAMPLES = 3
_JOINER = "\u00a0"


@dataclass(frozen=True, slots=True)
class CleansedColumn:
    """One column of the result: made of the delivered one by a rule, with the columns of its parts beside it."""

    delivered: str
    rule: Rule
    parts: Mapping[str, str] = field(default_factory=dict)
    """Name of the column -> the part that it holds: `{"city": "city"}`."""
    why: str = "declared"
    """How its meaning is known."""

    @property
    def name(self) -> str:
        return self.rule.column


def plan_columns(
    table: pa.Table, rules: TableRules, guesses: Mapping[str, Guess], *, as_of: date
) -> tuple[CleansedColumn, ...]:
    """How each column of a table of texts is cleansed, in its order: as declared, else as recognised.

    `table` may be a sample. A guess that headers and values do not both bear out, and that would leave more than a
    tenth of the values unusable, is not followed: the column is unified as text, then. Phone numbers, postal codes and
    addresses are of the country that their column or the rules declare, else of the one that a column recognised as
    the country tells, row by row.
    """
    countries = [header for header, guess in guesses.items() if _tells_country(guess)]
    planned: list[CleansedColumn] = []
    declared = {name: spec for name, spec in rules.columns.items() if spec.is_delivered}
    for header in table.column_names:
        own = [(name, spec) for name, spec in declared.items() if (spec.from_ or name) == header]
        if own:
            whole = (_declared(name, spec, rules, as_of=as_of) for name, spec in own)
            planned += (_placed(column, rules, table, countries=countries) for column in whole)
        elif header in guesses:
            guessed = _recognised(header, guesses[header], rules, as_of=as_of)
            guessed = _placed(guessed, rules, table, countries=countries)
            is_sure = guesses[header].confidence >= _SURE
            planned.append(guessed if is_sure else _sober(guessed, table))
    return tuple(planned)


def _tells_country(guess: Guess) -> bool:
    return guess.semantic is Semantic.COUNTRY and guess.confidence >= _SURE


def _placed(column: CleansedColumn, rules: TableRules, table: pa.Table, *, countries: Sequence[str]) -> CleansedColumn:
    """The column with what tells its values' country."""
    own = rules.columns[column.name].country if column.name in rules.columns else None
    declared = rules.columns.get(own or "")
    named = (declared.from_ or own) if declared is not None else own
    if column.rule.semantic not in OF_A_COUNTRY or (own and named not in table.column_names):
        return column
    told_by = named or max(countries, key=partial(_shared, column.delivered), default=None)
    is_known = own is None and "country" in rules.model_fields_set
    rule = replace(column.rule, country=rules.country, country_column=told_by, is_country_known=is_known)
    return replace(column, rule=rule)


def _shared(header: str, other: str) -> int:
    """How long both begin alike: `billing_country` is that of `billing_zip`, the first column that of all others."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(header, other, strict=False)))


def _rule(name: str, spec: ColumnSpec, rules: TableRules, *, as_of: date) -> Rule:
    asked = [other.part.split(".")[1] for other in rules.columns.values() if other.part and _whole(other.part) == name]
    return Rule(
        name,
        spec.type,
        spec.formats,
        spec.country or rules.country,
        rules.timezone,
        parts=tuple(dict.fromkeys(asked)),
        as_of=as_of,
        is_required=spec.required,
    )


def _whole(part: str) -> str:
    return part.partition(".")[0]


def _declared(name: str, spec: ColumnSpec, rules: TableRules, *, as_of: date) -> CleansedColumn:
    parts = {
        column: other.part.split(".")[1]
        for column, other in rules.columns.items()
        if other.part and _whole(other.part) == name
    }
    return CleansedColumn(spec.from_ or name, _rule(name, spec, rules, as_of=as_of), parts)


def _recognised(header: str, guess: Guess, rules: TableRules, *, as_of: date) -> CleansedColumn:
    semantic = guess.semantic if guess.confidence >= _LIKELY else Semantic.TEXT
    return CleansedColumn(header, _rule(header, ColumnSpec(type=semantic), rules, as_of=as_of), why=guess.why)


def _sober(column: CleansedColumn, table: pa.Table) -> CleansedColumn:
    """The column, as text if what was only guessed would cost values, or not fit them."""
    if column.rule.semantic is Semantic.TEXT:
        return column
    given = table.filter(table[column.delivered].is_valid()).combine_chunks()
    found = _cleansed(column, {name: given[name].combine_chunks() for name in given.column_names})
    misfits = pc.fill_null(pc.match_substring(found.reasons, UNKNOWN), False)
    lost = _unusable(found).true_count + misfits.true_count
    if lost <= _MOST_UNUSABLE * len(given):
        return column
    why = f"text: as {column.rule.semantic}, {lost / len(given):.0%} of the values could not be used"
    return replace(column, rule=replace(column.rule, semantic=Semantic.TEXT), why=why)


@dataclass(slots=True)
class Counts:
    """What was done to one column, over any number of batches."""

    filled: int = 0
    changed: int = 0
    unusable: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=dict)
    """Per code some delivered values, masked."""

    def add(self, other: Counts) -> None:
        self.filled += other.filled
        self.changed += other.changed
        self.unusable += other.unusable
        self.codes.update(other.codes)
        for code, samples in other.samples.items():
            known = self.samples.setdefault(code, [])
            known += (sample for sample in samples if sample not in known)
            del known[_SAMPLES:]


def cleanse_batch(
    batch: pa.RecordBatch, columns: Sequence[CleansedColumn]
) -> tuple[pa.RecordBatch, Mapping[str, Counts]]:
    """The cleansed rows, all of them in order, with `_changes` and `_originals`; and per column what was done.

    Where columns are required, `_reason` names the first that is missing or unusable (`email:email.invalid`).
    """
    delivered = {column.name: batch.column(column.delivered) for column in columns}
    by_header = dict(zip(batch.schema.names, batch.columns, strict=True))
    found = {column.name: _cleansed(column, by_header) for column in columns}
    made: dict[str, pa.Array] = {}
    for column in columns:
        made[column.name] = found[column.name].values
        made |= {name: found[column.name].parts[part] for name, part in column.parts.items()}
    made[CHANGES], made[ORIGINALS] = _touched(delivered, found, batch.num_rows)
    if any(column.rule.is_required for column in columns):
        made[REASON] = _verdict(columns, found, batch.num_rows)
    counts = {name: _counts(delivered[name], each) for name, each in found.items()}
    return pa.RecordBatch.from_arrays(list(made.values()), names=list(made)), counts


def _cleansed(column: CleansedColumn, by_header: Mapping[str, pa.Array]) -> Cleansed:
    return cleanse_delivered(column.rule, {**by_header, column.name: by_header[column.delivered]})


def _touched(delivered: Mapping[str, pa.Array], found: Mapping[str, Cleansed], count: int) -> tuple[pa.Array, pa.Array]:
    """`_changes` and `_originals`; headers may have blanks, which part the entries on their way."""
    joined = {name: name.replace(" ", _JOINER) for name in found}
    changes, originals = gathered(
        {joined[name]: values for name, values in delivered.items()},
        {joined[name]: each.reasons for name, each in found.items()},
        count,
    )
    for name, other in joined.items():
        if name != other:
            originals = pc.replace_substring(originals, f"{json.dumps(other)}:", f"{json.dumps(name)}:")
    if joined.keys() == set(joined.values()):
        return changes, originals
    entries = pc.replace_substring(changes.values, _JOINER, " ")
    return pa.ListArray.from_arrays(changes.offsets, entries, type=changes.type, mask=changes.is_null()), originals


def _verdict(columns: Sequence[CleansedColumn], found: Mapping[str, Cleansed], count: int) -> pa.Array:
    """What makes a row break its contract; null where nothing does."""
    verdict = pa.nulls(count, pa.string())
    for name in (column.name for column in columns if column.rule.is_required):
        unusable = _unusable(found[name])
        why = pc.if_else(unusable, pc.replace_substring_regex(_told(found[name]), "^.* ", ""), MISSING)
        entry = pc.binary_join_element_wise(pa.scalar(name), why, ":")
        verdict = pc.if_else(pc.and_(found[name].values.is_null(), verdict.is_null()), entry, verdict)
    return verdict


def _told(found: Cleansed) -> pa.Array:
    return pc.fill_null(found.reasons, "")


def _unusable(found: Cleansed) -> pa.Array:
    return pc.and_(found.values.is_null(), found.reasons.is_valid())


def _counts(delivered: pa.Array, found: Cleansed) -> Counts:
    unusable = _unusable(found).true_count
    touched = len(found.reasons) - found.reasons.null_count
    counts = Counts(len(delivered) - delivered.null_count, touched - unusable, unusable)
    if touched:
        _count_codes(counts, delivered, found.reasons)
    return counts


def _count_codes(counts: Counts, delivered: pa.Array, reasons: pa.Array) -> None:
    for row in pc.value_counts(reasons.drop_null()).to_pylist():
        places = pc.indices_nonzero(pc.fill_null(pc.equal(reasons, row["values"]), False))[:_SAMPLES]
        samples = [mask(value) for value in delivered.take(places).to_pylist()]
        for code in row["values"].split():
            counts.add(Counts(codes=Counter({code: row["counts"]}), samples={code: list(dict.fromkeys(samples))}))
