"""JSON Lines to raw rows: values by path, as text; what nobody declared stays JSON.

A collected event that its contract blocks is a line, too: it goes to quarantine, told in columns so that it can be
mended. Replayed, it is judged anew; mended, it is what it was mended to.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any, NamedTuple, NoReturn

import pyarrow as pa

from kumitate.errors import RecordError
from kumitate.ingest.encoding import UNDECODABLE, Text, texts
from kumitate.ingest.lines import Break, LongLine
from kumitate.ingest.portion import Portion, Rejection, broken_off, bytes_payload, line_payload, too_long
from kumitate.ingest.shape import EXACT_FLOATS, Intake, assembled
from kumitate.model.event import MARKS

Object = dict[str, Any]


def read_jsonl(stream: IO[bytes], intake: Intake) -> Iterator[Portion]:
    """Every line that is not blank is a row or a rejection."""
    for piece in texts(stream, intake.source.encoding, intake.line_limit):
        match piece:
            case Text():
                yield _portion(piece, intake)
            case LongLine():
                yield Portion(rejections=(too_long(piece),))
            case Break():
                yield broken_off(piece)


def _portion(text: Text, intake: Intake) -> Portion:
    objects: list[Object] = []
    lines: list[int] = []
    rejections: list[Rejection] = []
    blocked: list[_Blocked] = []
    for number, line in enumerate(text.lines, text.first):
        if number in text.undecodable:
            rejections.append(Rejection(number, UNDECODABLE, payload=bytes_payload(text.undecodable[number])))
        elif not line.isspace():
            try:
                found = parsed(line)
            except RecordError as error:
                rejections.append(Rejection(number, error.reason, payload=line_payload(line)))
                continue
            if MARKS in found and (reason := _blocked_for(found, intake)):
                blocked.append(_Blocked(number, *reason, found))
            else:
                objects.append(found)
                lines.append(number)
    if blocked:
        rejections = sorted([*rejections, *_told(blocked, intake)], key=lambda each: each.line)
    return Portion(_batch(objects, lines, intake), rejections)


class _Blocked(NamedTuple):
    """A line that is not taken: where it stands, why, what is to blame."""

    line: int
    reason: str
    field: str
    found: Object


def _blocked_for(found: Object, intake: Intake) -> tuple[str, str] | None:
    """Reason and field of a blocked event, unless it is good by now."""
    marks = found[MARKS]
    reason = marks.get("blocked") if isinstance(marks, dict) else None
    if not isinstance(reason, str) or not reason or intake.is_good_now(found):
        return None
    violations = marks.get("violations")
    told = [each for each in violations if isinstance(each, dict)] if isinstance(violations, list) else []
    field = next((str(each.get("field", "")) for each in told if each.get("action") == "block"), "")
    return reason, field


def _told(blocked: list[_Blocked], intake: Intake) -> Iterator[Rejection]:
    """As cleansing tells the rows that it refuses: declared columns by name, the rest beside them, not blocked."""
    for each in blocked:
        each.found[MARKS].pop("blocked")
    rows = _batch([each.found for each in blocked], [each.line for each in blocked], intake)
    for each, row in zip(blocked, rows.to_pylist() if rows is not None else (), strict=True):
        declared = {name: row[name] for name in intake.paths if row[name] is not None}
        extra = {"_extra": json.loads(row["_extra"])} if row["_extra"] else {}
        payload = json.dumps(declared | extra, ensure_ascii=False)
        yield Rejection(each.line, each.reason, each.field, payload=payload)


def parsed(line: str) -> Object:
    """One line's object; RecordError where it is none."""
    try:
        found = _loaded(line)
        if "\\ud" in line or "\\uD" in line:
            compact(found).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        raise RecordError("json.invalid") from None
    if not isinstance(found, dict):
        raise RecordError("json.no_object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_loaded = json.JSONDecoder(parse_constant=_refuse).decode
compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _batch(objects: list[Object], lines: list[int], intake: Intake) -> pa.RecordBatch | None:
    if not objects:
        return None
    values = _declared(objects, intake.paths)
    values["_extra"] = pa.array([compact(found) if found else None for found in objects], pa.string())
    return assembled(intake, pa.array(lines, pa.int64()), values)


def _declared(objects: list[Object], paths: Mapping[str, str]) -> dict[str, pa.Array]:
    """Each declared column's values, taken out of the objects: what is left in them is undeclared."""
    holders = {"": objects}
    values = {}
    shared = [path for path in paths.values() if _is_shared(path, paths.values())]
    for name in sorted(paths, key=lambda name: paths[name] not in shared):  # read whole before a part is taken out
        places, key = _places(objects, paths[name], holders)
        if paths[name] in shared:
            values[name] = value_texts([place.get(key) for place in places])
        else:
            values[name] = value_texts([place.pop(key, None) for place in places])
    for path in shared:
        places, key = _places(objects, path, holders)
        for place in places:
            place.pop(key, None)
    return values


def _is_shared(path: str, paths: Collection[str]) -> bool:
    """Another column has the same value, or a part of it."""
    return sum(other == path or other.startswith(path + ".") for other in paths) > 1


def _places(objects: list[Object], path: str, holders: dict[str, list[Object]]) -> tuple[list[Object], str]:
    """The objects that hold `context.traits.email` as `email`; where none does, the key may be spelt with its dots."""
    parent, _, key = path.rpartition(".")
    if parent not in holders:
        above, last = _places(objects, parent, holders)
        inner = (place.get(last) for place in above)
        holders[parent] = [found if isinstance(found, dict) else {} for found in inner]
    is_nested = not parent or any(key in place for place in holders[parent])
    return (holders[parent], key) if is_nested else (objects, path)


def value_texts(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except pa.ArrowTypeError:
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_FLOATS:
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    return compact(value)
