"""Short lists of words with one meaning: yes and no, genders, countries, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NoReturn

from kumitate.cleanse.countries import ALPHA2, country_code
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, stepped
from kumitate.readings.text import TEXT_STEPS

_TRUTHS = {
    True: "true/t/1/1.0/yes/y/on/ok/はい/有/有り/あり/可/可能/済/済み/同意/同意する/承諾/承諾する/許可/"
    "許可する/許諾/許諾する/希望/希望する/する/受け取る/受信する/配信する/有効/オン/○/〇/◯/✓/✔/☑/✅/oui/"
    "si/sí/ja",
    False: "false/f/0/0.0/no/n/off/ng/いいえ/無/無し/なし/不可/不可能/未/同意しない/不同意/承諾しない/"
    "許可しない/許諾しない/希望しない/不要/しない/受け取らない/受信しない/配信しない/無効/オフ/×/✕/✖/✗/✘/"
    "x/☐/non/nein",
}
"""拒否 and 停止 are neither: of them the column's name alone tells which answer is yes."""
_TRUTH_BY_WORD = {word: truth for truth, words in _TRUTHS.items() for word in words.split("/")}

_GENDERS = {
    "male": "male/m/man/boy/1/1.0/男/男性/男子/男の子/おとこ/だんせい/オトコ/ダンセイ/♂/mr/mr./herr/männlich/"
    "homme/hombre/masculino/masculin/남/남성/남자",
    "female": "female/f/woman/girl/2/2.0/女/女性/女子/女の子/おんな/じょせい/オンナ/ジョセイ/♀/ms/ms./mrs/mrs./"
    "miss/frau/w/weiblich/femme/mujer/femenino/feminino/féminin/여/여성/여자",
    "other": "other/o/x/その他/その他の性別/他/ノンバイナリー/xジェンダー/nonbinary/non-binary/non binary/"
    "third gender/diverse/divers/mx/mx.",
    None: "0/0.0/9/9.0/u/unknown/unspecified/not specified/undisclosed/not disclosed/not applicable/na/none/-/"
    "prefer not to say/prefer not to answer/rather not say/不明/不詳/未回答/無回答/未設定/未選択/未入力/"
    "未登録/回答なし/指定なし/選択なし/なし/回答しない/答えない/答えたくない/回答したくない/無指定/"
    "未記入",
}
"""Numbers as in ISO/IEC 5218: 0 is not known, 9 not applicable."""
_GENDER_BY_WORD = {word: gender for gender, words in _GENDERS.items() for word in words.split("/")} | {"n/a": None}


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
    """ISO 3166 alpha-2 from a code or a name, in English, Japanese or its own language."""
    text = stepped(value, TEXT_STEPS)
    if not text.value:
        return NOTHING
    if text.value.upper() in ALPHA2:
        return stepped(text.value, (("case", str.upper),), text.codes)
    found = country_code(text.value)
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
