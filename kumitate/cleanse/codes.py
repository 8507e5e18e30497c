"""Short lists of words with one meaning: yes and no, genders, countries, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NoReturn

from kumitate.cleanse.countries import ALPHA2, CODE_BY_NAME
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, stepped
from kumitate.readings.text import TEXT_STEPS

_TRUTHS = {
    True: "true t 1 yes y on はい 有 有り あり 可 同意 同意する ○ 〇 oui si ja",
    False: "false f 0 no n off いいえ 無 無し なし 不可 同意しない × x non nein",
}
_TRUTH_BY_WORD = {word: truth for truth, words in _TRUTHS.items() for word in words.split()}

_GENDERS = {
    "male": "male m man 1 男 男性 おとこ",
    "female": "female f woman 2 女 女性 おんな",
    "other": "other o x その他 nonbinary non-binary diverse",
    None: "0 9 u unknown 不明 未回答 無回答 回答しない -",
}
"""Numbers as in ISO/IEC 5218: 0 is not known, 9 not applicable."""
_GENDER_BY_WORD = {word: gender for gender, words in _GENDERS.items() for word in words.split()}


def read_boolean(value: str) -> Reading:
    """`はい`, `1` and `yes` are true."""
    return _word(value, _TRUTH_BY_WORD, "boolean.invalid", canonical={"true", "false"})


def read_gender(value: str) -> Reading:
    """`male`, `female` or `other`; nothing where the person did not say."""
    return _word(value, _GENDER_BY_WORD, "gender.invalid", canonical=set(_GENDERS))


def _word(value: str, meanings: Mapping[str, Any], reason: str, *, canonical: AbstractSet[str | None]) -> Reading:
    text = stepped(value, (*TEXT_STEPS, ("case", str.lower)))
    if not text.value:
        return NOTHING
    if text.value not in meanings:
        raise RecordError(reason)
    meaning = meanings[text.value]
    if meaning is None:
        return NOTHING
    return Reading(meaning, text.codes if text.value in canonical else (*text.codes, "notation"))


def read_country(value: str) -> Reading:
    """ISO 3166 alpha-2 from a code or a name, in English or Japanese."""
    text = stepped(value, TEXT_STEPS)
    if not text.value:
        return NOTHING
    if text.value.upper() in ALPHA2:
        return stepped(text.value, (("case", str.upper),), text.codes)
    found = CODE_BY_NAME.get(text.value.casefold().removeprefix("the "))
    if found is None:
        raise RecordError("country.invalid")
    return Reading(found, (*text.codes, "country_name"))


def read_json(value: str) -> Reading:
    """The text as delivered, if it is JSON."""
    plain = value.strip()
    if not plain:
        return NOTHING
    try:
        json.loads(plain, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise RecordError("json.invalid") from None
    return Reading(plain, () if plain == value else ("blanks",))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
