"""From a row's fields to a platform's match keys: cleaned, normalised by its rules, hashed unless wanted plain."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kumitate.activation.matchkeys.places import SAYS_NOTHING, country_code, says_nothing
from kumitate.errors import RecordError
from kumitate.model.written import Written

Rule = Callable[[str, str], str]
"""(text, ISO country) -> normalised text; RecordError where the value cannot match."""

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
# MD5, SHA-1, SHA-384 and SHA-512 in hex; MD5, SHA-1 and SHA-256 in Base64; a SHA-256 that says that it is one.
_OTHER_HASH = re.compile(
    r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}"
    r"|[A-Za-z0-9+/_-]{22}==|[A-Za-z0-9+/_-]{27}=|(?=[^0-9]*[0-9])[A-Za-z0-9+/_-]{43}=?"
    r"|(?:0[xX]|(?:sha|SHA)-?256[:=]|\\x)[0-9a-fA-F]{64}"
)
_OFTEN_THE_SAME = frozenset(
    f"{name}{script}"
    for name in ("given_name", "family_name", "gender", "birthdate", "birth_year", "birth_month", "birth_day", "city")
    for script in ("", "_roman", "_kana")
) | {"state", "postal_code", "country"}
"""Fields whose values many rows have: each is read and hashed once."""
_MOST_SHAPES = 1_000
_HASH_LENGTHS = frozenset({24, 28, 32, 40, 43, 44, 64, 66, 71, 72, 96, 128})
_BLANKS = frozenset(
    {"", " ", "-", "0", "null", "NULL", "none", "None", "nan", "NaN", "n/a", "N/A", "undefined", "unknown"}
)
"""What exports write where there is nothing; a hash of one says as little."""
_HASHES_OF_NOTHING = frozenset(
    hashlib.sha256(form.encode()).hexdigest()
    for word in _BLANKS | SAYS_NOTHING
    for form in (word, word.lower(), word.upper(), word.capitalize())
)
# What a wrong encoding leaves, and halves of signs that were cut in the middle.
_GARBLED = re.compile("[\ufffd\ud800-\udfff]")
# Selectors of a glyph's variant (IVS): `葛` with and without one is the same name.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity: hashed for every value that is looked up
class _Kind:
    plain: bool
    opaque: bool


Steps = tuple[tuple[str, _Kind, tuple[tuple[str, Rule], ...]], ...]
"""Per key: of which kind it is, and the row's fields that give it, the best first."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A platform's rules by field, as of one version of its API."""

    name: str
    rules: Mapping[str, Rule]
    plain: frozenset[str] = frozenset()
    """Fields that the platform wants readable."""
    opaque: frozenset[str] = frozenset()
    """Ids of the owner's own: never folded, and one that looks like a hash is an id just the same."""
    instead: Mapping[str, tuple[tuple[str, Rule], ...]] = field(default_factory=dict)
    """Field -> other fields of a row that give it, with their rules; the first usable one goes before the field."""
    enough: tuple[frozenset[str], ...] = ()
    """Sets of fields each of which is enough to find a person; empty where any key is."""
    steps: Steps = field(init=False, repr=False, compare=False)
    _fitting: dict[tuple[str, ...], Steps] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        steps = (
            (name, _Kind(name in self.plain, name in self.opaque), (*self.instead.get(name, ()), (name, rule)))
            for name, rule in self.rules.items()
        )
        object.__setattr__(self, "steps", tuple(steps))

    def steps_of(self, names: tuple[str, ...]) -> Steps:
        """Those that a row of these fields can take: most rows of a sync have the same few. Every row has a country."""
        found = self._fitting.get(names)
        if found is None:
            held = {*names, "country"}
            fitting = (
                (name, kind, tuple(each for each in given if each[0] in held)) for name, kind, given in self.steps
            )
            found = tuple(step for step in fitting if step[2])
            if len(self._fitting) < _MOST_SHAPES:
                self._fitting[names] = found
        return found

    @property
    def fields(self) -> frozenset[str]:
        """Every field of a row that the rules read."""
        return frozenset(self.rules) | {other for others in self.instead.values() for other, _ in others}

    def finds(self, values: Mapping[str, str]) -> bool:
        """Whether these keys can find a person at all."""
        for each in self.enough:  # in a loop: asked of every row, and mostly answered by the first
            if each <= values.keys():
                return True
        return bool(values) and not self.enough


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """What a row offers for matching, and why the rest was dropped."""

    values: Mapping[str, str] = field(repr=False)
    dropped: Mapping[str, str]
    """Field -> reason code."""


def match_keys(rules: RuleSet, fields: Mapping[str, Any], *, country: str) -> MatchKeys:
    """Every usable match key of a row, hashed unless the platform wants it plain.

    The row's own `country` goes before the default one. A value that is already a SHA-256 passes through; a value
    that cannot match is dropped by itself, with its reason.
    """
    return _keys(rules, fields, country, finish=_sha256)


def readable_keys(rules: RuleSet, fields: Mapping[str, Any], *, country: str) -> MatchKeys:
    """The same keys before they are hashed: what the platform's own normalisation must come to as well."""
    return _keys(rules, fields, country, finish=str)


def _keys(rules: RuleSet, fields: Mapping[str, Any], country: str, *, finish: Callable[[str], str]) -> MatchKeys:
    values: dict[str, str] = {}
    dropped: dict[str, str] = {}
    fields = fields.read if isinstance(fields, Written) else fields
    stated = cleaned(str(fields.get("country") or "")) or country
    home = _home(stated, country)
    for name, kind, sources in rules.steps_of(tuple(fields)):
        for source, rule in sources:
            given = stated if source == "country" else fields.get(source)
            if given is None or not str(given).strip():
                continue
            made = _made_once if source in _OFTEN_THE_SAME else _made
            try:
                values[name] = made(str(given), (rule, home, kind, finish))
            except RecordError as error:
                dropped[source] = error.reason
                continue
            break
    return MatchKeys(values, dropped)


Place = tuple[Rule, str, _Kind, Callable[[str], str]]
"""How a value is read: by which rule, in which country, as which kind of key, and what is made of it."""


def _made(given: str, place: Place) -> str:
    rule, country, kind, finish = place
    normalised = _normalised(given, rule, country, kind=kind)
    return normalised if kind.plain or _is_sha256(normalised) else finish(normalised)


_made_once = lru_cache(8192)(_made)


@lru_cache(1024)
def _home(stated: str, country: str) -> str:
    """The country that phone numbers and postal codes are read by: the row's own where it says one."""
    try:
        return country_code(stated, country)
    except RecordError:
        return country


def cleaned(text: str) -> str:
    """Text without what nobody sees: widths folded (NFKC), zero-width signs and glyph selectors gone, trimmed."""
    if text.isascii():
        return text.strip()
    folded = unicodedata.normalize("NFKC", _SELECTORS.sub("", text))
    return "".join(sign for sign in folded if unicodedata.category(sign) != "Cf").strip()


def _normalised(given: str, rule: Rule, country: str, *, kind: _Kind) -> str:
    """What is hashed, or a hash that it is already."""
    text = given.strip() if kind.opaque else cleaned(given)
    if len(text) in _HASH_LENGTHS:
        if not kind.plain and _is_sha256(text):
            return _hashed_already(text.lower())
        if not kind.opaque:
            _refuse_hash(text)
    if not text.isascii() and _GARBLED.search(text):
        raise RecordError("text.garbled")
    normalised = _by_rule(text, rule, country)
    if not normalised or not normalised.strip():
        raise RecordError("value.empty")
    if normalised in _BLANKS or says_nothing(normalised):
        raise RecordError("value.placeholder")
    if not kind.plain and _is_sha256(normalised):  # a hash with signs in between, which the rule took out
        raise RecordError("hash.unsupported")
    return normalised


def _by_rule(text: str, rule: Rule, country: str) -> str:
    try:
        return rule(text, country)
    except RecordError as error:
        if error.reason.endswith(".invalid") and says_nothing(text):  # no wrong value: none at all
            raise RecordError("value.placeholder") from None
        raise


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and _SHA256.fullmatch(text) is not None


def _hashed_already(found: str) -> str:
    if found in _HASHES_OF_NOTHING:
        raise RecordError("hash.of_nothing")
    return found


def _refuse_hash(text: str) -> None:
    """A hash where the platform wants plain text, or of a kind that no platform here takes."""
    if _is_sha256(text):
        raise RecordError("hash.of_nothing" if text.lower() in _HASHES_OF_NOTHING else "hash.plain_wanted")
    if _OTHER_HASH.fullmatch(text):
        raise RecordError("hash.unsupported")


def _sha256(normalised: str) -> str:
    return hashlib.sha256(normalised.encode()).hexdigest()
