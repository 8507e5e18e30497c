"""Names of companies: without the legal form, which is written in a dozen ways and told as a part of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Chain, Shortcut, Way
from kumitate.cleanse.company_forms import JAPANESE_FORMS, LATIN_WRITINGS, form_of, with_one_form_less
from kumitate.cleanse.names import COMMON, KANA_DASHED, LAST_STEP, LETTERLESS, LETTERS, WRITTEN_STEPS, in_common_kanji
from kumitate.cleanse.text import half_width, words
from kumitate.cleanse.values import settled
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, stepped
from kumitate.readings.text import text

_TITLE = re.compile(r"(?<=.)(?:\s*御中|\s様)$")


def without_form(value: str) -> str:
    return settled(lambda name: _TITLE.sub("", with_one_form_less(name)), value)


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
# What is left where the end of a longer form is one by itself: Pty Ltd, & Co., Ltd., 特例有限会社.
_CUT = r"(?i)[ ,&](?:pty|proprietary|pte|pvt|private|sdn|co|company|and|&)\.?,?$|(?:特例|有限责任|有限責任|股份)$"
_FORMED = f"会社|法人|組合|公司|회사|[カガ]イシ[ャヤ]|御中|(?:^| )様$|[()]|^[ ,]|[ ,]$|{_CUT}|(?i){LATIN_WRITINGS}"


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
