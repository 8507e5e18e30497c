"""A source's YAML drafted from an audit: valid for `kumitate check`, each line with what it was concluded from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kumitate.audit.facts import Audit, ColumnFound
from kumitate.cleanse.recognition.headers import spelt_out
from kumitate.config.names import MAX_LENGTH, name_problem
from kumitate.config.source import Semantic

_PLAIN = re.compile(r"[A-Za-z0-9_./*%-]+")
_OF_YAML = frozenset({"yes", "no", "true", "false", "on", "off", "null", "y", "n"})
_DOUBTFUL = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where the source will stand: its name, the path of its files inside the project, the project's country and kinds
    of identifiers (kind -> the column here that states it; None where no project is known).
    """

    name: str
    path: str
    country: str
    kinds: Mapping[str, str] | None = None


def draft(audit: Audit, place: Place) -> str:
    """The text of `sources/NAME.yaml`."""
    names = column_names(audit)
    lines = [*_source(audit, place), *_columns(audit, names, place), *_roles(audit, names, place)]
    return "\n".join([*_head(audit), f"{place.name}:", *(f"  {line}" for line in lines), ""])


def source_name(file: str) -> str:
    """`Members 2026-01.csv.gz` is `members_2026_01`."""
    plain = re.sub(r"[^a-z0-9]+", "_", file.lower().removesuffix(".gz").rpartition(".")[0] or file.lower()).strip("_")
    return plain if not name_problem(plain) else f"file_{plain}"[:MAX_LENGTH].strip("_")


def column_names(audit: Audit) -> Mapping[str, str]:
    """Header -> its name in the lake: its own where that will do, else what it was recognised as."""
    taken: dict[str, str] = {}
    for number, column in enumerate(audit.columns, 1):
        own = column.name if not name_problem(column.name) else spelt_out(column.name)[:MAX_LENGTH].strip("_")
        choices = (
            column.declared_name,
            own,
            column.guess.name,
            f"{column.guess.name or 'column'}_{number}",
            f"column_{number}",
        )
        taken[column.name] = next(each for each in choices if not name_problem(each) and each not in taken.values())
    return taken


def _head(audit: Audit) -> Iterator[str]:
    yield f"# Drafted by `kumitate audit` from {audit.rows:,} rows of {_cell(audit.name)}."
    yield "# Read each line before relying on it: behind the # stands what it was concluded from."


def _source(audit: Audit, place: Place) -> Iterator[str]:
    kind = "events" if _is_of_events(audit) else "records"
    why = "rows are facts in time: none is replaced" if kind == "events" else "a row is a thing's latest state"
    yield f"kind: {kind}  # {why}"
    yield f"path: {_quoted(place.path)}"
    first = audit.files[0]
    yield f"format: {first.format}"
    if first.format in ("csv", "jsonl"):
        yield f"encoding: {first.encoding}{_mixed(audit)}"
    if first.format == "csv" and first.delimiter != ",":
        yield f"delimiter: {_quoted(first.delimiter)}"


def _mixed(audit: Audit) -> str:
    others = [each for file in audit.files for each in file.encodings[1:]]
    if not others:
        return "  # all lines read in it"
    told = ", ".join(f"{each.lines:,} {'line' if each.lines == 1 else 'lines'} in {each.encoding}" for each in others)
    return f"  # but {told}: they go to quarantine; have them delivered in one encoding"


def _columns(audit: Audit, names: Mapping[str, str], place: Place) -> Iterator[str]:
    yield "columns:"
    for column in _named(audit):
        yield f"  {names[column.name]}: {_spec(audit, column, names, place=place)}  # {_why(column)}"


def _named(audit: Audit) -> list[ColumnFound]:
    """A column without a header cannot be asked for."""
    return [column for column in audit.columns if column.name]


def _spec(audit: Audit, column: ColumnFound, names: Mapping[str, str], *, place: Place) -> str:
    parts = [] if names[column.name] == column.name else [f"from: {_quoted(column.name)}"]
    semantic = Semantic.TEXT if _fits_nothing(column) else column.semantic
    parts.append(f"type: {semantic}")
    if column.cleansing.formats:
        parts.append(f"formats: [{', '.join(json.dumps(each) for each in column.cleansing.formats)}]")
    if semantic in (Semantic.PHONE, Semantic.POSTAL_CODE) and audit.country != place.country:
        parts.append(f"country: {_quoted(audit.country)}")
    if column.is_personal and not semantic.personal:
        parts.append("personal: true")
    return "{" + ", ".join(parts) + "}"


def _fits_nothing(column: ColumnFound) -> bool:
    """What the header says is true of no value: as that type, the column would be empty."""
    done = column.cleansing
    return column.declared is None and done.rows > 0 and done.unusable == done.rows


def _why(column: ColumnFound) -> str:
    if _fits_nothing(column):
        return _cell(f"? {column.guess.why}; no value can be used as {column.semantic}")
    doubt = "? " if column.guess.confidence < _DOUBTFUL else ""
    told = [f"{doubt}{column.guess.why}"]
    if column.null_share:
        told.append(f"{column.rows - column.filled:,} empty")
    if column.cleansing.unusable:
        told.append(f"{column.cleansing.unusable:,} unusable")
    return _cell("; ".join(told))


def _roles(audit: Audit, names: Mapping[str, str], place: Place) -> Iterator[str]:
    yield _key(audit, names)
    when = next((each for each in audit.columns if each.guess.role == "time"), None)
    if when is not None:
        yield f"{'time' if _is_of_events(audit) else 'updated_at'}: {names[when.name]}"
    yield from _identifiers(audit, names, place)


def _key(audit: Audit, names: Mapping[str, str]) -> str:
    key = audit.key
    if key is None or (key.repeated_values and _is_of_events(audit)):
        return "key: row  # no column names the rows: only exact duplicates count once"
    if key.names_rows:
        return f"key: [{names[key.name]}]  # no two rows have the same, none is empty"
    lost = f"{key.repeated_values:,} values stand on {key.rows_of_repeated:,} rows, of which the newest would stay"
    empty = f"{key.rows - key.filled:,} are empty and go to quarantine"
    told = [*([lost] if key.repeated_values else []), *([empty] if key.null_share else [])]
    return f"key: [{names[key.name]}]  # ? {'; '.join(told)}"


def _identifiers(audit: Audit, names: Mapping[str, str], place: Place) -> Iterator[str]:
    """Kinds that the project knows; others as comments, as a source may only state kinds that identity declares."""
    useless = {each.name for each in audit.columns if _fits_nothing(each)}
    stating = [
        each
        for each in audit.columns
        if each is _member(audit) or (each.guess.role == "identifier" and each.name not in useless)
    ]
    named = {
        names[each.name] if each.semantic is Semantic.ID else each.guess.name: names[each.name] for each in stating
    }
    known = {kind: names[header] for kind, header in (place.kinds or {}).items() if header not in useless}
    if known:
        yield "identifiers:"
        yield from (f"  {kind}: {column}" for kind, column in known.items())
    rest = {kind: column for kind, column in named.items() if column not in known.values()}
    if rest:
        yield "# Likely identifiers too; declare the kinds in identity/person.yaml before stating them:"
        yield from (["# identifiers:"] if not known else [])
        yield from (f"#   {kind}: {column}" for kind, column in rest.items())


def _member(audit: Audit) -> ColumnFound | None:
    """The key, where it names persons and not only rows."""
    return audit.key if audit.key is not None and audit.key.guess.name == "member_id" else None


def _is_of_events(audit: Audit) -> bool:
    """Rows have a time of their own that is no time of change, and whoever they are about comes again and again."""
    when = next((each for each in audit.columns if each.guess.role == "time"), None)
    who = [each for each in audit.columns if each.guess.role == "identifier"]
    return when is not None and when.guess.name == "time" and all(each.repeated_values for each in who)


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _OF_YAML and not text[0].isdigit() and text[0] not in "*%-":
        return text
    return "".join(map(_escaped, json.dumps(text, ensure_ascii=False)))


def _escaped(letter: str) -> str:
    """As YAML writes what it does not take as it is: controls, and marks that nobody sees."""
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def _cell(text: str) -> str:
    """A text as a comment may hold it: on one line."""
    return "".join(each if each.isprintable() else "?" for each in text)
