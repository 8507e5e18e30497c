"""Which column of anybody's table gives which field of a match key, by its heading in English or Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kumitate.activation.matchkeys.platforms import RULE_SETS
from kumitate.cleanse.recognition.headers import meaning, spelt_out

FULL_NAME = "full_name"
FULL_KANA = "full_kana"
"""Columns that hold both names; they are taken apart where a blank or comma says where to."""

_OWN = frozenset(name for rules in RULE_SETS.values() for name in rules.fields) - {"device_id"}
"""`device_id` is X's word alone; a column of that name is `madid`, by which X and the others find a device."""
_PARTICULAR: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:^|_)(?:first|given|fore|名|メイ).*(?:roma(?:n|ji)|ローマ)|ローマ字?_?名"), "given_name_roman"),
    (re.compile(r"(?:^|_)(?:last|family|sur|姓|氏|セイ).*(?:roma(?:n|ji)|ローマ)|ローマ字?_?姓"), "family_name_roman"),
    (re.compile(r"(?:^|_)line_?(?:user_?id|uid|id|ユーザーid|の?id)(?:_|$)"), "line_user_id"),
    (re.compile(r"(?:^|_)idfa(?:_|$)"), "idfa"),
    (re.compile(r"(?:^|_)(?:aaid|gaid|adid|google_?advertising_?id)(?:_|$)"), "aaid"),
    (re.compile(r"(?:^|_)(?:maid|madid|mobile_?ad(?:vertising)?_?id|広告id|広告識別子)(?:_|$)"), "madid"),
    (re.compile(r"^(?:x|twitter)_?(?:handle|screen_?name|user_?name|アカウント)$"), "handle"),
    (re.compile(r"^(?:x|twitter)_?(?:user_?)?id$"), "twitter_id"),
)
_BY_MEANING: Mapping[str, str] = {
    "first_name": "given_name",
    "last_name": "family_name",
    "first_kana": "given_name_kana",
    "last_kana": "family_name_kana",
    "street": "address",
    "device_id": "madid",
    "member_id": "external_id",
    **{
        name: name
        for name in (
            *("email", "phone", "postal_code", "country", "state", "city", "address", "birthdate", "birth_year"),
            *("gender", FULL_NAME, FULL_KANA),
        )
    },
}


def field_of(heading: str) -> str | None:
    """`メール` and `E-Mail Address` are `email`; None where the heading says nothing that platforms match by."""
    words = spelt_out(heading)
    if words in _OWN:
        return words
    for pattern, name in _PARTICULAR:
        if pattern.search(words):
            return name
    found = meaning(heading)
    return _BY_MEANING.get(found.name) if found else None


def fields_of(headings: Iterable[str]) -> dict[str, str]:
    """Field -> heading, for every heading that gives one.

    Of two that give the same field the one of its very name is taken (`email` beside `email_updated_at`), else the
    first.
    """
    exact: dict[str, str] = {}
    found: dict[str, str] = {}
    for heading in headings:
        name = field_of(heading)
        if name is not None:
            found.setdefault(name, heading)
            if spelt_out(heading) == name:
                exact.setdefault(name, heading)
    return found | exact
