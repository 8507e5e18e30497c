"""Kana names in Roman letters as Japanese passports write them (Hepburn), which is how people sign up abroad."""

from __future__ import annotations

import re
from functools import lru_cache

from kumitate.errors import RecordError

_TABLE = """
あ a い i う u え e お o か ka き ki く ku け ke こ ko さ sa し shi す su せ se そ so た ta ち chi つ tsu て te と to
な na に ni ぬ nu ね ne の no は ha ひ hi ふ fu へ he ほ ho ま ma み mi む mu め me も mo や ya ゆ yu よ yo
ら ra り ri る ru れ re ろ ro わ wa ゐ i ゑ e を o ん n が ga ぎ gi ぐ gu げ ge ご go ざ za じ ji ず zu ぜ ze ぞ zo
だ da ぢ ji づ zu で de ど do ば ba び bi ぶ bu べ be ぼ bo ぱ pa ぴ pi ぷ pu ぺ pe ぽ po ゔ bu
ぁ a ぃ i ぅ u ぇ e ぉ o ゃ ya ゅ yu ょ yo ゎ wa ゕ ka ゖ ke
きゃ kya きゅ kyu きょ kyo しゃ sha しゅ shu しょ sho ちゃ cha ちゅ chu ちょ cho にゃ nya にゅ nyu にょ nyo
ひゃ hya ひゅ hyu ひょ hyo みゃ mya みゅ myu みょ myo りゃ rya りゅ ryu りょ ryo ぎゃ gya ぎゅ gyu ぎょ gyo
じゃ ja じゅ ju じょ jo ぢゃ ja ぢゅ ju ぢょ jo びゃ bya びゅ byu びょ byo ぴゃ pya ぴゅ pyu ぴょ pyo
しぇ shie ちぇ chie てぃ tei ふぁ fua ふぃ fui ふぇ fue ふぉ fuo じぇ jie
"""
_WORDS = _TABLE.split()
_SYLLABLES = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
_KANA = re.compile("[ぁ-ゖー]+")
_TO_HIRAGANA = {ord("ァ") + step: ord("ぁ") + step for step in range(ord("ヶ") - ord("ァ") + 1)}
# A u that begins a word of its own is no long vowel: 井上 is Inoue, 松浦 Matsuura.
_OWN_U = re.compile("う(?=え$|ら$)")
_BREAK = "|"
_NO_NAME = frozenset({"なし", "ふめい"})


@lru_cache(4096)  # the same in many rows
def roman(text: str, _country: str) -> str:
    """A name written in kana, in passport Hepburn: `サトウ` is `sato`, `じゅんいち` `junichi`, `ほんま` `homma`."""
    kana = "".join(text.split()).replace("・", "").replace("･", "").translate(_TO_HIRAGANA)
    if not _KANA.fullmatch(kana):
        raise RecordError("kana.invalid")
    if kana in _NO_NAME:
        raise RecordError("name.placeholder")
    written = _spelled(_OWN_U.sub(f"{_BREAK}う", kana))
    written = re.sub("n(?=[bmp])", "m", written)
    return _short_vowels(written).replace(_BREAK, "")


def _spelled(kana: str) -> str:
    parts: list[str] = []
    place, doubled = 0, False
    while place < len(kana):
        width = 2 if kana[place : place + 2] in _SYLLABLES else 1
        sign = kana[place : place + width]
        place += width
        if sign == "っ":
            doubled = True
            continue
        syllable = _SYLLABLES.get(sign, _BREAK if sign == _BREAK else "")
        parts.append(_double(syllable) if doubled else syllable)
        doubled = False
    return "".join(parts)


def _double(syllable: str) -> str:
    """A small tsu doubles the consonant that follows; before ch it is a t."""
    if syllable.startswith("ch"):
        return f"t{syllable}"
    return syllable[:1] + syllable if syllable[:1] not in "aeiou|" else syllable


def _short_vowels(written: str) -> str:
    """Long o and u are written short, except a long o of two o at the end of a name (せのお: senoo)."""
    ending = "oo" if written.endswith("oo") else ""
    body = written.removesuffix(ending) if ending else written
    return re.sub("uu+", "u", re.sub("o[ou]+", "o", body)) + ending
