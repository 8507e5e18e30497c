"""One column judged: what cleansing makes of its values, their shapes, which of them identify nobody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.audit.facts import Cleansing, Counted, NoIdentifier
from kumitate.audit.placeholders import MOST_ROWS, placeholder
from kumitate.cleanse.recognise import Guess
from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.config.settings import Settings
from kumitate.config.source import ColumnSpec, Semantic
from kumitate.model.masking import mask
from kumitate.model.shapes import full_shape, shape

_MOST_SHAPES, _MOST_VALUES = 5, 10
_SHAPED = 20_000
_TIMES_THE_MEAN = 10
"""Among events everybody comes again and again: what is on ten times as many rows as the mean stands out."""
_RUN = re.compile("([aA漢アあｱ])\\1+")
_TRIED = 300
_TIMES = (Semantic.DATE, Semantic.BIRTHDATE, Semantic.TIMESTAMP)
_MEASURED = (*_TIMES, Semantic.INTEGER, Semantic.DECIMAL, Semantic.MONEY)
_FORMATS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%b %d, %Y", "%d %B %Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_COUNTRIES = ("US", "GB", "AU", "DE", "FR", "JP", "CN", "KR", "IN", "BR")


@dataclass(frozen=True, slots=True)
class Values:
    """Distinct texts of a column and the rows of each, the commonest first."""

    texts: pa.Array
    held: Sequence[int]


def figures_of(values: Values) -> dict[str, int]:
    """What `audit.statements.figures` asks, where all of a column's values are at hand."""
    lengths = pc.min_max(pc.utf8_length(values.texts)).as_py()
    repeated = [held for held in values.held if held > 1]
    return {
        "distinct_values": len(values.texts),
        "filled": sum(values.held),
        "repeated_values": len(repeated),
        "rows_of_repeated": sum(repeated),
        "shortest": lengths["min"] or 0,
        "longest": lengths["max"] or 0,
    }


def cleansing(values: Values, spec: ColumnSpec, settings: Settings, *, as_of: date) -> Cleansing:
    """What would become of the values if the column were of this type; formats of dates are found."""
    plain = Rule("value", spec.type, spec.formats, spec.country or settings.country, settings.timezone, as_of=as_of)
    formats = spec.formats or _formats(values.texts.slice(0, _TRIED), plain)
    rule = replace(plain, formats=formats)
    found = column_cleanser(rule)(values.texts)
    reasons: Counter[str] = Counter()
    fate: Counter[str] = Counter()
    for held, usable, reason in zip(values.held, found.values.is_valid(), found.reasons.to_pylist(), strict=True):
        fate["unusable" if not usable.as_py() else "changed" if reason else "unchanged"] += held
        reasons.update(dict.fromkeys((reason or "").split(), held))
    lowest, highest = _ends(found.values, is_personal=spec.is_personal) if spec.type in _MEASURED else (None, None)
    return Cleansing(
        semantic=spec.type,
        looked_at=len(values.texts),
        rows=sum(values.held),
        unchanged=fate["unchanged"],
        changed=fate["changed"],
        unusable=fate["unusable"],
        reasons=_most(reasons),
        distinct=len(found.values.drop_null().unique()),
        lowest=lowest,
        highest=highest,
        formats=formats,
    )


def shapes(values: Values, semantic: Semantic, *, filled: int) -> tuple[Counted, ...]:
    """The commonest shapes of the values, runs of letters as one (`a+@a+.a+`), by rows: as many of `filled` as of
    the rows that were looked at.
    """
    met: Counter[str] = Counter()
    shaped = shape if semantic in _TIMES else full_shape
    step = max(len(values.texts) // _SHAPED, 1)
    for text, held in zip(values.texts.to_pylist()[::step], values.held[::step], strict=True):
        met[_RUN.sub(r"\1+", shaped(text))] += held
    return tuple(Counted(each.what, each.rows * filled // met.total()) for each in _most(met)[:_MOST_SHAPES])


def no_identifiers(values: Values, spec: ColumnSpec, settings: Settings) -> tuple[NoIdentifier, ...]:
    """Values that look like placeholders, and those on many more rows than others; the commonest first."""
    rule = Rule("value", spec.type, spec.formats, spec.country or settings.country, settings.timezone)
    clean = column_cleanser(rule)(values.texts).values.to_pylist()
    rows: Counter[str] = Counter()
    for text, value, held in zip(values.texts.to_pylist(), clean, values.held, strict=True):
        rows[text if value is None else str(value)] += held
    most = max(MOST_ROWS, _TIMES_THE_MEAN * rows.total() // max(len(rows), 1))
    at_least = 2 if spec.type is Semantic.ID else 1  # the member with the number 111111 is one
    found = ((value, held, _why(value, held, most)) for value, held in rows.items() if held >= at_least)
    worst = sorted((each for each in found if each[2]), key=lambda each: (-each[1], each[0]))
    return tuple(NoIdentifier(mask(value), held, why) for value, held, why in worst[:_MOST_VALUES])


def _why(value: str, held: int, most: int) -> str:
    return placeholder(value) or (f"on more than {most} rows" if held > most else "")


def _most(counts: Mapping[str, int]) -> tuple[Counted, ...]:
    return tuple(Counted(what, rows) for what, rows in sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _ends(values: pa.Array, *, is_personal: bool) -> tuple[str | None, str | None]:
    present = [value for value in values.drop_null().to_pylist() if not isinstance(value, bool)]
    if not present:
        return None, None
    ends = (min(present), max(present))
    # A year tells what is wrong with a column of birthdays, and nobody's birthday.
    if is_personal:
        return _half_told(ends[0]), _half_told(ends[1])
    return str(ends[0]), str(ends[1])


def _half_told(end: object) -> str:
    return str(end.year) if isinstance(end, date) else mask(str(end))


def _formats(texts: pa.Array, rule: Rule) -> tuple[str, ...]:
    """The format that reads most of what is not read without one, if any reads nine of ten."""
    if rule.semantic not in _TIMES:
        return ()
    unread = texts.filter(column_cleanser(rule)(texts).values.is_null())
    if not len(unread):
        return ()
    plain = [text.strip() for text in unread.to_pylist()]
    clocks = _CLOCKS if rule.semantic is Semantic.TIMESTAMP else ("",)
    scored = {each + clock: _readable(plain, each + clock) for clock in clocks for each in _FORMATS}
    best = max(scored, key=lambda each: scored[each])
    return (best,) if scored[best] >= 0.9 else ()


def _readable(texts: Iterable[str], format_: str) -> float:
    fits = [_reads(text, format_) for text in texts]
    return sum(fits) / len(fits)


def _reads(text: str, format_: str) -> bool:
    try:
        datetime.strptime(text, format_)
    except ValueError:
        return False
    return True


def home_country(values: Mapping[str, Values], guesses: Mapping[str, Guess], settings: Settings) -> str:
    """Whose phone numbers and postal codes a table has: what its country column says nine times of ten, or else the
    country in which clearly more of its phone numbers are valid; the project's own, unless either speaks.
    """
    for header, guess in guesses.items():
        if guess.semantic is Semantic.COUNTRY and len(values[header].texts):
            clean = _clean(values[header].texts, Semantic.COUNTRY, settings.country).to_pylist()
            rows: Counter[str] = Counter()
            for country, held in zip(clean, values[header].held, strict=True):
                rows[country or ""] += held
            country, most = rows.most_common(1)[0]
            if country and most >= 0.9 * rows.total():
                return country
    phones = [values[header].texts.slice(0, _TRIED) for header, guess in guesses.items() if guess.name == "phone"]
    return _country_of_phones(phones[0], settings.country) if phones and len(phones[0]) else settings.country


def _country_of_phones(texts: pa.Array, own: str) -> str:
    valid = {each: len(_clean(texts, Semantic.PHONE, each).drop_null()) for each in dict.fromkeys((own, *_COUNTRIES))}
    best = max(valid, key=lambda country: valid[country])
    return best if valid[best] > valid[own] + 0.2 * len(texts) else own


def _clean(texts: pa.Array, semantic: Semantic, country: str) -> pa.Array:
    return column_cleanser(Rule("value", semantic, (), country, "UTC"))(texts).values
