"""What a sync's `key` and `fields` say, taken apart, and their rendering as Arrow columns.

`"{person_id}:{last_cart_at}"` is text; `"{lifetime_value}"`, one placeholder alone, keeps its type; a mapping
transforms what its templates give. `{fact.products}` is what a trigger will tell: it stays as it is, and any other
brace in such a text is doubled, so that it is told from one (`triggered`).
"""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.activation.mapping import in_one, transformed, unmatched
from kumitate.activation.triggered import FACT
from kumitate.activation.values import texts, tokens
from kumitate.config.mapping import FieldMapping


@dataclass(frozen=True, slots=True)
class Template:
    """A template taken apart: literal texts and columns in turn, `("", "person_id", ":", "last_cart_at", "")`.

    Of a mapping, `parts` is empty, and `inputs` are the templates it is made of.
    """

    parts: tuple[str, ...]
    mapping: FieldMapping | None = None
    inputs: tuple[Template, ...] = field(default=())

    @property
    def columns(self) -> tuple[str, ...]:
        own = (part for part in self.parts[1::2] if not part.startswith(FACT))
        return (*own, *(column for each in self.inputs for column in each.columns))

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of what a trigger tells, in the order in which they stand."""
        return tuple(part.removeprefix(FACT) for part in self.parts[1::2] if part.startswith(FACT))

    @property
    def is_alone(self) -> bool:
        """One placeholder and nothing else."""
        return len(self.parts) == 3 and not self.parts[0] and not self.parts[2]

    @property
    def is_value(self) -> bool:
        """One column and nothing else: the value keeps its type."""
        return self.is_alone and not self.facts


def parse_template(given: str | FieldMapping) -> Template:
    """The template of a field; ValueError says what is wrong. `{{` and `}}` stand for braces."""
    if isinstance(given, FieldMapping):
        inputs = tuple(parse_template(each) for _, each in given.inputs)
        if any(each.facts for each in inputs):
            raise ValueError(
                "a fact is brought as the trigger tells it; write it without a transform: '{fact.products}'"
            )
        return Template((), given, inputs)
    parts = [""]
    for literal, column, form, conversion in string.Formatter().parse(given):
        parts[-1] += literal
        if column is None:
            continue
        if form or conversion or not column.removeprefix(FACT).isidentifier():
            raise ValueError(f"{given!r}: a placeholder is {{column}}, the name of an attribute or trait")
        parts += [column, ""]
    return Template(tuple(parts))


def render_text(template: Template, batch: pa.RecordBatch, *, missing: str | None) -> pa.Array:
    """The template as text per row; a missing value is written as `missing`, or makes the whole row null."""
    pieces: list[pa.Array | str] = []
    for number, part in enumerate(template.parts):
        if number % 2 and part.startswith(FACT):
            pieces.append(f"{{{part}}}")
        elif number % 2:
            shown = texts(batch.column(part))
            shown = _doubled(shown) if template.facts else shown
            pieces.append(shown if missing is None else pc.fill_null(shown, missing))
        elif part:
            pieces.append(part.replace("{", "{{").replace("}", "}}") if template.facts else part)
    if not any(isinstance(piece, pa.Array) for piece in pieces):
        return pa.array(["".join(map(str, pieces))] * batch.num_rows, pa.string())
    return pc.binary_join_element_wise(*pieces, "", null_handling="emit_null")


def _doubled(shown: pa.Array) -> pa.Array:
    """A value's own braces, so that nobody's name can ask for a fact."""
    return pc.replace_substring(pc.replace_substring(shown, "{", "{{"), "}", "}}")


def render_json(template: Template, batch: pa.RecordBatch) -> pa.Array:
    """The template as JSON per row: `12.5`, `"text"`, `["a","b"]`, `null`."""
    return pc.fill_null(_tokens(template, batch), "null")


def may_hold(template: Template) -> bool:
    """Whether a value of it may be in no `lookup` that would have it, so that the row must stay."""
    own = template.mapping is not None and bool(template.mapping.lookup) and template.mapping.unmatched == "hold_row"
    return own or any(map(may_hold, template.inputs))


def held_rows(template: Template, batch: pa.RecordBatch) -> pa.Array | None:
    """Per row whether a value is in no `lookup` that would have it, and the row must stay; None where none may."""
    found = None
    for each in template.inputs:
        held = held_rows(each, batch)
        found = held if found is None or held is None else pc.or_(found, held)
    if template.mapping is None or not template.mapping.lookup or template.mapping.unmatched != "hold_row":
        return found
    own = unmatched(template.mapping, _values(template.inputs, batch))
    return own if found is None or own is None else pc.or_(found, own)


def _tokens(template: Template, batch: pa.RecordBatch) -> pa.Array:
    """As JSON per row, null where there is no value."""
    mapping = template.mapping
    if mapping is None or not (mapping.list_ or mapping.object_):
        return tokens(_value(template, batch))
    parts = [_tokens(each, batch) for each in template.inputs]
    opening, closing = "[", "]"
    if mapping.object_:
        opening, closing = "{", "}"
        names = [f"{json.dumps(name, ensure_ascii=False)}:" for name in mapping.object_]
        parts = [
            pc.binary_join_element_wise(name, each, "", null_handling="emit_null")
            for name, each in zip(names, parts, strict=True)
        ]
    inner = in_one(parts, ",")
    whole = pc.binary_join_element_wise(opening, inner, closing, "")
    return pc.if_else(pc.equal(inner, ""), pa.scalar(None, pa.string()), whole)


def _value(template: Template, batch: pa.RecordBatch) -> pa.Array:
    """The values per row, with their type; a list or an object as its JSON."""
    mapping = template.mapping
    if mapping is None:
        if template.is_value:
            return batch.column(template.columns[0])
        return render_text(template, batch, missing="")
    if mapping.list_ or mapping.object_:
        return _tokens(template, batch)
    return transformed(mapping, _values(template.inputs, batch), batch.num_rows)


def _values(templates: Sequence[Template], batch: pa.RecordBatch) -> list[pa.Array]:
    return [_value(each, batch) for each in templates]
