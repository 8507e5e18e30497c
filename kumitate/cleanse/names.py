"""Names of people and companies: one spelling for what is one name."""

from __future__ import annotations

import re

from kumitate.cleanse.text import text
from kumitate.cleanse.values import settled

VARIANTS = {
    "髙": "高", "﨑": "崎", "嵜": "崎", "碕": "崎", "𠮷": "吉", "德": "徳", "濵": "浜", "濱": "浜", "邉": "辺",
    "邊": "辺", "齋": "斎", "齊": "斉", "澤": "沢", "廣": "広", "眞": "真", "國": "国", "嶋": "島", "嶌": "島",
    "櫻": "桜", "瀨": "瀬", "條": "条", "圓": "円", "惠": "恵", "榮": "栄", "冨": "富", "桒": "桑", "栁": "柳",
    "曾": "曽", "黑": "黒", "淸": "清", "靑": "青", "橫": "横", "增": "増", "藏": "蔵", "龜": "亀", "鹽": "塩",
    "鐵": "鉄", "壽": "寿", "賴": "頼", "靜": "静", "關": "関", "與": "与", "豐": "豊", "緖": "緒", "郞": "郎",
    "禮": "礼", "將": "将", "萬": "万", "萠": "萌", "槇": "槙", "檜": "桧", "礒": "磯", "鷗": "鴎", "舘": "館",
    "舩": "船", "峯": "峰", "埜": "野",
}  # fmt: skip
"""Old and variant characters that NFKC leaves alone, each to the one most registers use."""

_VARIANTS = str.maketrans(VARIANTS)
_HONORIFICS = re.compile(r"(?<=.)(?:\s*(?:様|さん|殿|御中))+$")

_TO_KATAKANA = {point: point + 0x60 for point in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_VOICE_MARKS = {"゛": "\u3099", "゜": "\u309a"}
_KANA_DASH = re.compile(r"(?<=[ァ-ヺー])[-‐‑‒–—―−~〜]")

_JAPANESE_FORM = r"(?:(?:株式|有限|合同|合資|合名)会社|(?:一般|公益)(?:社団|財団)法人|\((?:株|有|同|資|名|社|財)\))"
_LATIN_FORM = (
    r"(?:co\.?,?\s*ltd|company,?\s*limited|limited|ltd|inc|incorporated|corp|corporation|llc|plc|k\.?k|gmbh|ag)"
)
_COMPANY_FORM = re.compile(rf"^{_JAPANESE_FORM}\s*|\s*{_JAPANESE_FORM}$|[\s,]+{_LATIN_FORM}\.?$", re.IGNORECASE)


def name(value: str) -> str | None:
    """`"髙橋　様"` is `高橋`."""
    plain = text(value)
    return None if plain is None else _HONORIFICS.sub("", plain.translate(_VARIANTS))


def kana(value: str) -> str | None:
    """`"ﾔﾏﾀﾞ"` and `"やまだ"` are `ヤマダ`."""
    plain = text(value.translate(_MARKS_TO_JOIN))
    return None if plain is None else settled(_with_long_vowels, plain.translate(_TO_KATAKANA))


def company(value: str) -> str | None:
    """`"㈱山田商店"` and `"山田商店 株式会社"` are `山田商店`; a name that is nothing but its form stays."""
    plain = text(value)
    return None if plain is None else settled(_without_form, plain)


_MARKS_TO_JOIN = str.maketrans(_VOICE_MARKS)


def _with_long_vowels(value: str) -> str:
    return _KANA_DASH.sub("ー", value)


def _without_form(value: str) -> str:
    return _COMPANY_FORM.sub("", value).strip(" ,") or value
