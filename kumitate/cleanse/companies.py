"""Names of companies: without the legal form, which is written in a dozen ways and told as a part of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Chain, Shortcut, Way
from kumitate.cleanse.names import COMMON, KANA_DASHED, LAST_STEP, LETTERLESS, LETTERS, WRITTEN_STEPS, in_common_kanji
from kumitate.cleanse.text import half_width, words
from kumitate.cleanse.values import settled
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, stepped
from kumitate.readings.text import text

JAPANESE_FORMS: Mapping[str, str] = {
    "株式会社": "(株) カ)",
    "有限会社": "(有) ユ)",
    "合同会社": "(同) ド)",
    "合資会社": "(資) シ)",
    "合名会社": "(名) メ)",
    "相互会社": "(相)",
    "一般社団法人": "(一社)",
    "一般財団法人": "(一財)",
    "公益社団法人": "(公社)",
    "公益財団法人": "(公財)",
    "社団法人": "(社)",
    "財団法人": "(財)",
    "医療法人社団": "",
    "医療法人財団": "",
    "社会医療法人": "",
    "医療法人": "(医) イ)",
    "学校法人": "(学) ガク)",
    "社会福祉法人": "(福) フク)",
    "宗教法人": "(宗) シユウ)",
    "特定非営利活動法人": "NPO法人 (特非) (NPO) トクヒ)",
    "独立行政法人": "(独)",
    "地方独立行政法人": "",
    "国立大学法人": "(大)",
    "弁護士法人": "(弁) ベン)",
    "税理士法人": "(税) ゼイ)",
    "司法書士法人": "(司)",
    "行政書士法人": "(行)",
    "社会保険労務士法人": "(労)",
    "監査法人": "",
    "農事組合法人": "(農)",
    "協同組合": "(協)",
}
"""A form -> its other writings after NFKC (which makes (株) of ㈱ and 株式会社 of ㍿): in brackets, and as banks write
it before a name in kana."""

LATIN_FORMS: Mapping[str, str] = {
    "GmbH & Co. KG": r"gmbh\s*&\s*co\.?\s*kg",
    "KG": r"(?-i:KG)",
    "Co., Ltd.": r"co\.?,?\s*ltd|company,?\s*limited",
    "Pty Ltd": r"pty\.?,?\s*(?:ltd|limited)",
    "Pte. Ltd.": r"pte\.?,?\s*(?:ltd|limited)",
    "Ltd.": r"limited|ltd",
    "Inc.": r"inc|incorporated",
    "Corp.": r"corp|corporation",
    "LLC": r"llc|l\.l\.c",
    "LLP": r"llp|l\.l\.p",
    "PLC": r"plc|p\.l\.c",
    "K.K.": r"k\.?k",
    "GmbH": r"gmbh",
    "AG": r"(?-i:AG)",
    "S.A.": r"s\.\s?a|(?-i:SA)",
    "S.A.S.": r"s\.\s?a\.\s?s|(?-i:SAS)",
    "SARL": r"sarl|s\.a\.r\.l|s\.à\.?\s?r\.l",
    "S.p.A.": r"s\.p\.a|(?-i:SpA)",
    "S.r.l.": r"s\.r\.l|(?-i:Srl|SRL)",
    "B.V.": r"b\.v|(?-i:BV)",
    "N.V.": r"n\.v|(?-i:NV)",
    "AB": r"(?-i:AB)",
    "Oy": r"(?-i:Oy|OY)",
    "A/S": r"a/s",
}
"""A form -> how it is written behind a name, without its last full stop. Short ones only as they are spelled."""

_FORM_OF = {writing.casefold(): form for form, others in JAPANESE_FORMS.items() for writing in (form, *others.split())}
_WRITINGS = sorted(_FORM_OF, key=len, reverse=True)
# At the end banks leave the bracket open: カ)ヤマダ, but ヤマダ(カ.
_KANA_ENDINGS = {f"({writing[:-1]}": form for writing, form in _FORM_OF.items() if writing[0] in "カユドシメ"}
_BEHIND_OF = _FORM_OF | _KANA_ENDINGS | {f"{ending})": form for ending, form in _KANA_ENDINGS.items()}


def _any(writings: list[str]) -> str:
    return "|".join(re.escape(writing) for writing in sorted(writings, key=len, reverse=True))


_BEFORE = re.compile(rf"^({_any(_WRITINGS)})\s*", re.IGNORECASE)
_BEHIND = re.compile(rf"\s*({_any(list(_BEHIND_OF))})(?:\s*御中)?$", re.IGNORECASE)
_LATIN_WRITINGS = r"[\s,]+(?:" + "|".join(f"({pattern})" for pattern in LATIN_FORMS.values()) + r")\.?$"
_LATIN = re.compile(_LATIN_WRITINGS, re.IGNORECASE)
_LATIN_NAMES = tuple(LATIN_FORMS)
_TITLE = re.compile(r"(?<=.)\s*御中$")


def form_of(value: str) -> str | None:
    """The first legal form that the name bears: `株式会社` of `(株)山田商店`."""
    found = _BEFORE.search(value)
    if found:
        return _FORM_OF[found[1].casefold()]
    found = _BEHIND.search(value)
    if found:
        return _BEHIND_OF[found[1].casefold()]
    found = _LATIN.search(value)
    return _LATIN_NAMES[(found.lastindex or 1) - 1] if found else None


def without_form(value: str) -> str:
    return settled(_with_one_form_less, value)


def _with_one_form_less(value: str) -> str:
    return _LATIN.sub("", _BEHIND.sub("", _BEFORE.sub("", value))).strip(" ,") or value


def without_title(value: str) -> str:
    return settled(lambda name: _TITLE.sub("", name), value)


def read_company(value: str) -> Reading:
    """`"㈱山田商店"` and `"山田商店 株式会社"` are `山田商店`; a name that is nothing but its form stays."""
    titled = stepped(value, (*WRITTEN_STEPS, ("honorific", without_title)))
    reading = stepped(titled.value, (("company_form", without_form), LAST_STEP), titled.codes)
    if any(char.isalnum() for char in reading.value):
        return Reading(reading.value, reading.codes, {"form": form_of(titled.value)})
    if text(value) is None:
        return NOTHING
    raise RecordError("company.no_letter")


_PLAIN_FORMS = "|".join(form for form in JAPANESE_FORMS if form.endswith("会社"))
_FREQUENT = rf"(?:{_PLAIN_FORMS}|\(株\)|\(有\))"
_LATIN_BEHIND = r",? (?:Co\., ?Ltd|Inc|Corp|Ltd|LLC)\.?"
_FORM_AROUND = rf"^{_FREQUENT} ?| ?{_FREQUENT}$|{_LATIN_BEHIND}$"
_CHARACTERS = "0-9&" + COMMON.replace("'", "")
_SHAPE = words("0-9&()㈱㈲（）" + LETTERS.replace("-'", ""), "[ \u3000]")
_FORMED = "会社|法人|組合|御中|[()]|^[ ,]|[ ,]$|(?i)" + _LATIN_WRITINGS


def _without_frequent_form(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(values, _FORM_AROUND, "")


def _forms(values: pa.Array) -> Mapping[str, pa.Array]:
    """By a look at each distinct beginning and end, of which there are few."""
    unified = half_width(values)
    found = pc.struct_field(pc.extract_regex(unified, rf"^(?P<form>{_FREQUENT})"), "form")
    behind = pc.struct_field(pc.extract_regex(unified, rf"(?P<form>{_FREQUENT}|{_LATIN_BEHIND})$"), "form")
    encoded = pc.coalesce(found, behind).dictionary_encode()
    forms = pa.array([form_of(f"x{writing}") for writing in encoded.dictionary.to_pylist()], pa.string())
    return {"form": forms.take(encoded.indices)}


_UNLESS = f"{KANA_DASHED}|{LETTERLESS}|{_FORMED}"
SHORTCUTS = (
    Shortcut(words("0-9&" + COMMON), unless=_UNLESS),
    Chain(
        _SHAPE,
        (("width", half_width), ("variant_kanji", in_common_kanji), ("company_form", _without_frequent_form)),
        words(_CHARACTERS),
        _UNLESS,
        parts=_forms,
    ),
)

company_way = partial(Way, read_company, SHORTCUTS)
