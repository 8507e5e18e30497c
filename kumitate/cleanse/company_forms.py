"""Legal forms of companies and how they are written, before a name and behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping

JAPANESE_FORMS: Mapping[str, str] = {
    "株式会社": "(株) カ) カブシキガイシャ カブシキカイシャ カブシキガイシヤ カブシキカイシヤ",
    "有限会社": "(有) ユ) ユウゲンガイシャ ユウゲンカイシャ ユウゲンガイシヤ ユウゲンカイシヤ 特例有限会社",
    # (合) also stood for 合資会社 and 合名会社, of which there are few.
    "合同会社": "(同) (合) ド) ゴウドウガイシャ ゴウドウカイシャ ゴウドウガイシヤ ゴウドウカイシヤ",
    "合資会社": "(資) シ) ゴウシガイシャ ゴウシカイシャ ゴウシガイシヤ ゴウシカイシヤ",
    "合名会社": "(名) メ) ゴウメイガイシャ ゴウメイカイシャ ゴウメイガイシヤ ゴウメイカイシヤ",
    "相互会社": "(相) ソ)",
    "一般社団法人": "(一社)",
    "一般財団法人": "(一財)",
    "公益社団法人": "(公社)",
    "公益財団法人": "(公財)",
    "社団法人": "(社) シヤ) シャ)",
    "財団法人": "(財) ザイ)",
    "医療法人社団": "",
    "医療法人財団": "",
    "社会医療法人": "",
    "医療法人": "(医) イ)",
    "学校法人": "(学) ガク)",
    "社会福祉法人": "(福) フク)",
    "宗教法人": "(宗) シユウ) シュウ)",
    "特定非営利活動法人": "NPO法人 認定NPO法人 認定特定非営利活動法人 (特非) (NPO) トクヒ)",
    "独立行政法人": "(独) ドク)",
    "地方独立行政法人": "(地独) チドク)",
    "国立研究開発法人": "",
    "国立大学法人": "(大) ダイ)",
    "公立大学法人": "",
    "弁護士法人": "(弁) ベン)",
    "弁理士法人": "",
    "特許業務法人": "",
    "税理士法人": "(税) ゼイ)",
    "司法書士法人": "(司) シホウ)",
    "行政書士法人": "(行) ギヨ) ギョ)",
    "土地家屋調査士法人": "",
    "社会保険労務士法人": "社労士法人 (労) ロウム)",
    "監査法人": "",
    "投資法人": "",
    "更生保護法人": "ホゴ)",
    "管理組合法人": "カンリ)",
    "農事組合法人": "(農) ノウ)",
    "有限責任事業組合": "",
    "生活協同組合": "",
    "企業組合": "",
    "協同組合": "(協)",
    # Of China and Korea.
    "有限公司": "股份有限公司 有限责任公司 有限責任公司",
    "주식회사": "(주)",
    "유한회사": "(유)",
}
"""A form -> its other writings after NFKC (which makes (株) of ㈱ and 株式会社 of ㍿): in brackets, in kana in full,
and as banks write it before a name in kana (全国銀行協会, 略語表)."""

LATIN_FORMS: Mapping[str, str] = {
    "GmbH & Co. KG": r"g?mbh\s*&\s*co\.?\s*kg",
    "GmbH & Co. KGaA": r"gmbh\s*&\s*co\.?\s*kgaa",
    "KGaA": r"kgaa",
    "KG": r"(?-i:KG)",
    "OHG": r"(?-i:OHG)",
    "Co., Ltd.": r"(?:(?:&|and)\s*)?(?:co\.?,?\s*ltd|company,?\s*limited)",
    "Pty Ltd": r"(?:pty|proprietary)\.?,?\s*(?:ltd|limited)",
    "Pte. Ltd.": r"pte\.?,?\s*(?:ltd|limited)",
    "Pvt. Ltd.": r"(?:pvt|private)\.?,?\s*(?:ltd|limited)",
    "Sdn. Bhd.": r"sdn\.?\s*bhd|(?-i:Bhd|BHD|Berhad|BERHAD)",
    "Ltd.": r"limited|ltd",
    "Inc.": r"inc|incorporated",
    "Corp.": r"corp|corporation",
    "LLC": r"llc|l\.l\.c",
    "LLP": r"llp|l\.l\.p",
    "LP": r"l\.p|(?-i:LP)",
    "PLC": r"plc|p\.l\.c",
    "K.K.": r"k\.?k|kabushiki[\s-]?[kg]aisha",
    "G.K.": r"g\.k|g[oō]d[oō][\s-]?[kg]aisha",
    "Y.K.": r"y\.k|y[uū]gen[\s-]?[kg]aisha",
    "gGmbH": r"ggmbh",
    "GmbH": r"gmbh|(?-i:mbH)",
    "UG": r"(?-i:UG)(?:\s*\(haftungsbeschränkt\))?",
    "e.V.": r"(?-i:e\.\s?V)",
    "e.K.": r"(?-i:e\.\s?K)",
    "AG": r"(?-i:AG)",
    "SE": r"(?-i:SE)",
    "S.A. de C.V.": r"s\.?\s?a\.?(?:\s?b\.?)?\s*de\s*c\.?\s?v",
    "S. de R.L. de C.V.": r"s\.?\s*de\s*r\.?\s?l\.?\s*de\s*c\.?\s?v",
    "S.A.": r"s\.\s?a|(?-i:SA)",
    "S.A.S.": r"s\.\s?a\.\s?s|(?-i:SAS)",
    "SARL": r"sarl|s\.a\.r\.l|s\.à\.?\s?r\.l",
    "S.L.": r"s\.\s?l(?:\.\s?u)?|(?-i:SLU?)",
    "Ltda.": r"ltda",
    "Lda.": r"lda",
    "S.p.A.": r"s\.p\.a|(?-i:SpA)",
    "S.r.l.": r"s\.r\.l|(?-i:Srl|SRL)",
    "B.V.": r"b\.v|(?-i:BV)",
    "N.V.": r"n\.v|(?-i:NV)",
    "AB": r"(?-i:AB)",
    "AS": r"(?-i:ASA?)",
    "ApS": r"(?-i:ApS)",
    "A/S": r"a/s",
    "Oy": r"(?-i:Oyj?|OYJ?)",
    "OÜ": r"(?-i:OÜ)",
    "Sp. z o.o.": r"sp\.?\s*z\s?\.?o\.?\s?o",
    "s.r.o.": r"s\.\s?r\.\s?o",
    "a.s.": r"(?-i:a\.\s?s)",
    "d.o.o.": r"d\.\s?o\.\s?o",
    "Kft.": r"kft",
    "Zrt.": r"zrt|nyrt",
}
"""A form -> how it is written behind a name, without its last full stop. Short ones only as they are spelled."""

_FORM_OF = {writing.casefold(): form for form, others in JAPANESE_FORMS.items() for writing in (form, *others.split())}
_UNBALANCED = "株有"
"""So common that an opening or a closing bracket that is missing leaves no doubt."""


def _written(writing: str, *, is_before: bool) -> str:
    """A pattern of one writing at its end of the name: `(株)` also as `【株】`, `株)` before, `(株` behind."""
    bare = writing.strip("()")
    if bare == writing:
        return re.escape(writing)
    if not writing.startswith("("):  # of banks: カ)ヤマダ, but ヤマダ(カ
        return rf"\(?{bare}\)" if is_before else rf"\({bare}\)?"
    opening, closing = (r"[(\[〔【〈<]\s?", r"\s?[)\]〕】〉>]")
    if bare in _UNBALANCED:
        opening, closing = (f"(?:{opening})?", closing) if is_before else (opening, f"(?:{closing})?")
    return f"{opening}{re.escape(bare)}{closing}"


def _any(*, is_before: bool) -> str:
    return "|".join(_written(each, is_before=is_before) for each in sorted(_FORM_OF, key=len, reverse=True))


BEFORE = re.compile(rf"^({_any(is_before=True)})\s*", re.IGNORECASE)
BEHIND = re.compile(rf"\s*({_any(is_before=False)})$", re.IGNORECASE)
LATIN_WRITINGS = r"[\s,]+(?:" + "|".join(f"({pattern})" for pattern in LATIN_FORMS.values()) + r")\.?$"
LATIN = re.compile(LATIN_WRITINGS, re.IGNORECASE)
_LATIN_NAMES = tuple(LATIN_FORMS)
_MARKS = re.compile(r"[\s()\[\]〔〕【】〈〉<>]")
_FORM_OF_BARE = {_MARKS.sub("", writing): form for writing, form in reversed(_FORM_OF.items())}


# Most names begin and end otherwise, which is quicker to see than that none of the writings stands there.
_FIRST = frozenset(writing[0] for writing in _FORM_OF) | frozenset("([〔【〈<")
_LAST = frozenset(writing.strip("()")[-1] for writing in _FORM_OF) | frozenset(")]〕】〉>")


def form_of(value: str) -> str | None:
    """The first legal form that the name bears: `株式会社` of `(株)山田商店`."""
    found = BEFORE.search(value) or BEHIND.search(value)
    if found:
        return _FORM_OF_BARE[_MARKS.sub("", found[1].casefold())]
    found = LATIN.search(value)
    return _LATIN_NAMES[(found.lastindex or 1) - 1] if found else None


def with_one_form_less(value: str) -> str:
    """`山田商店` of `(株)山田商店`; a name that is nothing but a form stays."""
    if value[:1].casefold() in _FIRST:
        value = BEFORE.sub("", value) or value
    bare = BEHIND.sub("", value) if value[-1:] in _LAST else value
    return LATIN.sub("", bare).strip(" ,") or value
