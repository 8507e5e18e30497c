"""Short lists of words with one meaning: yes and no, genders, countries, JSON."""

from __future__ import annotations

import json
from typing import NoReturn

from kumitate.cleanse.countries import ALPHA2, CODE_BY_NAME
from kumitate.cleanse.text import text
from kumitate.errors import RecordError

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


def boolean(value: str) -> bool | None:
    plain = (text(value) or "").lower()
    if not plain:
        return None
    if plain not in _TRUTH_BY_WORD:
        raise RecordError("boolean.invalid")
    return _TRUTH_BY_WORD[plain]


def gender(value: str) -> str | None:
    """`male`, `female` or `other`; nothing where the person did not say."""
    plain = (text(value) or "").lower()
    if not plain:
        return None
    if plain not in _GENDER_BY_WORD:
        raise RecordError("gender.invalid")
    return _GENDER_BY_WORD[plain]


def country(value: str) -> str | None:
    """ISO 3166 alpha-2 from a code or a name, in English or Japanese."""
    plain = text(value)
    if plain is None:
        return None
    if plain.upper() in ALPHA2:
        return plain.upper()
    found = CODE_BY_NAME.get(plain.casefold().removeprefix("the "))
    if found is None:
        raise RecordError("country.invalid")
    return found


def json_text(value: str) -> str | None:
    """The text as delivered, if it is JSON."""
    plain = value.strip()
    if not plain:
        return None
    try:
        json.loads(plain, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise RecordError("json.invalid") from None
    return plain


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
