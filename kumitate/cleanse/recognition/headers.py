"""What a column's header says it holds: English and Japanese words, and the ways they are usually spelt."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from kumitate.config.source import Semantic

Role = Literal["identifier", "attribute", "record_id", "time", "none"]
"""What a column does for identity: names a person, describes one, names the row, tells its time; or nothing."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a header stands for: the attribute's name in Kumitate, its semantic type, and its part in identity."""

    name: str
    semantic: Semantic
    role: Role


def _at(words: str) -> str:
    """Whole words of a spelt-out header."""
    return rf"(?:^|_)(?:{words})(?:_|$)"


_OF_A_PERSON = (
    "(?:customers?|cust|clients?|members?|users?|contacts?|persons?|people|buyers?|subscribers?|guests?|patients?|"
    "employees?|recipients?|holders?|cardholders?|owners?|students?|shipping|billing|personal|traits|"
    "context|properties|data|profile|lead|顧客|会員|お客様|客|利用者|契約者|本人|申込者|注文者|購入者|受取人|担当者)"
)
_NUMBERED = (
    r"(?:member|customer|cust|client|user|account|subscriber|login|loyalty|patient|person|contact|shopper)s?"
    r"_?(?:id|no|num|number|code|key)|card_?(?:no|number)|user_?name"
)
_KANA = "(?:kana|furigana|phonetic|yomi|yomigana|reading|カナ|かな|仮名|フリガナ|ふりがな|読み|よみ|ヨミ)"
_LAST = (
    rf"(?:{_at('last_?name|lname|family_?name|surname|sei')}|^(?:last|family)$|"
    "(?<!旧)姓(?!名)|名字|苗字|(?:^|_)(?:氏|セイ)(?:_|$))"
)
_FIRST = rf"(?:{_at('first_?name|fname|given_?names?|fore_?name|mei')}|^(?:first|given)$|(?:^|_)(?:名|メイ)(?:_|$))"
_ABOUT = (
    r"(?:type|kind|flag|count|status|verified|opt_?(?:in|out)|consent|permission|種別|区分|可否|許可|同意|フラグ|配信)"
)
_REACHED = "(?:mail|メール|メルマガ|phone|電話|sms|dm)"
_ON = "(?:_?(?:at|on|time|date|ts))?"


def _row(name: str, semantic: Semantic, role: Role, *patterns: str) -> tuple[re.Pattern[str], Meaning]:
    return re.compile("|".join(patterns)), Meaning(name, semantic, role)


_TABLE = (
    _row("", Semantic.ID, "none", _at("clusters?|cluster_id|labels?|truth|ground_truth|match_id|entity_id")),
    _row("", Semantic.TEXT, "none", _at("ip|ip_address|user_agent|mac_address")),
    _row("national_id", Semantic.ID, "identifier",
         _at("soc_?sec(?:_?(?:id|no|num|number))?|ssn|social_?security(?:_.*)?|national_?(?:id|insurance)(?:_.*)?|nino"),
         _at("passport(?:_.*)?|driver_?s?_?licen[cs]e(?:_.*)?|my_?number|citizen_?id|tax_?id|personal_?id"),
         "マイナンバー|個人番号|免許証|旅券"),
    _row("company_number", Semantic.CORPORATE_NUMBER, "identifier",
         _at("corporate_?(?:number|no)|houjin_?bangou"), "法人番号"),
    _row("company_id", Semantic.ID, "identifier", _at("company_?(?:no|number|id|code)|duns"), "(?:会社|企業)コード"),
    _row("device_id", Semantic.ID, "identifier",
         _at("device_?id|idfa|idfv|gaid|aaid|advertising_?id|ad_?id"), "端末(?:id|番号)"),
    _row("cookie_id", Semantic.ID, "identifier",
         _at("cookie_?(?:id)?|anonymous_?id|visitor_?id|client_?uuid|browser_?id")),
    _row("member_id", Semantic.ID, "identifier",
         _at(_NUMBERED), "^login$", "(?:会員|顧客|お客様|利用者|ユーザー?|ログイン|カード)(?:番号|id|no|コード)"),
    _row("last_kana", Semantic.KANA, "attribute", rf"(?:{_LAST}|(?:^|_)(?:last|family)_).*{_KANA}",
         rf"{_KANA}.*{_LAST}|(?:^|_)セイ(?:_|$)"),
    _row("first_kana", Semantic.KANA, "attribute", rf"(?:{_FIRST}|(?:^|_)(?:first|given)_).*{_KANA}|{_KANA}.*{_FIRST}",
         rf"(?:^|_)(?:メイ(?:_|$)|名_?{_KANA})"),
    _row("middle_name", Semantic.NAME, "attribute", _at("middle_?(?:name|initial)s?|mname|mi")),
    _row("name_suffix", Semantic.TEXT, "none", _at("suffix(?:_name)?|name_?suffix")),
    _row("name_prefix", Semantic.TEXT, "none", _at("prefix|name_?prefix|salutation|honorific|title"), "敬称"),
    _row("last_name", Semantic.NAME, "attribute", _LAST),
    _row("first_name", Semantic.NAME, "attribute", _FIRST),
    _row("company", Semantic.COMPANY, "attribute",
         _at("compan(?:y|ies)(?:_?name)?|organi[sz]ation(?:_?name)?|employer|corporation|business_?name|firm"),
         "会社|法人名|企業名|勤務先|屋号|団体名"),
    _row("", Semantic.TEXT, "none", rf"(?:住所|address|addr|市|町).*{_KANA}"),
    _row("full_kana", Semantic.KANA, "attribute", rf"{_KANA}(?:_?(?:氏名|名前|name))?$|^(?:.*_)?{_KANA}(?:_|$)"),
    _row("full_name", Semantic.NAME, "attribute",
         rf"^(?:{_OF_A_PERSON}_)*(?:full_?|display_?|legal_?|complete_?)?names?$",
         rf"姓名|氏名|^お?名前|御名前|{_OF_A_PERSON}_?名$|宛名"),
    _row("", Semantic.TEXT, "none", rf"(?=.*{_ABOUT})(?=.*{_REACHED})"),
    _row("email", Semantic.EMAIL, "identifier", _at("(?:e_?)?mails?(?:_?addr(?:ess)?)?"), "メール"),
    _row("", Semantic.TEXT, "none",
         _at("phone_(?:ext|extension|code|country(?:_code)?|area)|ext|extension"), "内線"),
    _row("fax", Semantic.PHONE, "none", _at("fax(?:_.*)?"), "ファッ?クス|fax"),
    _row("phone", Semantic.PHONE, "identifier",
         _at("(?:tele|cell|mobile|smart|home|work|day|evening)?_?phones?(?:_?(?:no|nbr|num|number))?"),
         _at("(?:tel|mobile|cell)(?:_?(?:no|num|number))?|msisdn"), "電話|携帯|ケータイ|tel$"),
    _row("postal_code", Semantic.POSTAL_CODE, "attribute",
         _at("zip(?:_?codes?)?|post_?codes?|postal(?:_?codes?)?|post_?no|plz|pin_?code"), "郵便"),
    _row("", Semantic.TEXT, "none", _at("continent|latitude|longitude|lat|lng|lon|time_?zone")),
    _row("country", Semantic.COUNTRY, "none",
         _at("countr(?:y|ies)(?:_?(?:code|name))?|nation(?:ality)?"), "国籍|国名|^国$|国コード"),
    _row("state", Semantic.TEXT, "attribute",
         _at("states?(?:_?(?:code|name))?|province|prefecture|pref|region|county"), "都道府県|県名"),
    _row("city", Semantic.TEXT, "attribute",
         _at("cit(?:y|ies)(?:_?name)?|suburb|locality|municipality|town(?:ship)?|village"),
         "市区町村|市町村|市区郡|区市町村"),
    _row("house_number", Semantic.TEXT, "attribute",
         _at("(?:house|street|building)_?(?:no|num|number)|banchi"), "番地(?!以降)|地番|街区"),
    _row("building", Semantic.TEXT, "attribute",
         _at("building(?:_?name)?|apartment|(?:apt|unit|room)_?(?:no|number)|apt|suite"),
         "建物|マンション|部屋番号|号室"),
    _row("street", Semantic.ADDRESS, "attribute",
         _at("street(?:_?(?:name|address|addr|line))?|(?:address|addr)(?:_?line)?_?1|road"), "町名|町域|丁目|番地以降"),
    *(
        _row(f"address_{number}", Semantic.ADDRESS, "attribute", rf"(?:address|addr|住所).*{number}")
        for number in range(2, 6)
    ),
    _row("address", Semantic.ADDRESS, "attribute",
         _at(r"(?:(?:home|mailing|postal|shipping|billing|full)_?)?addr(?:ess)?(?:es)?(?:_?line)?(?:_?\d)?"),
         "住所|所在地|居所|お届け先"),
    _row("birth_year", Semantic.INTEGER, "attribute", _at("birth_?year|year_?of_?birth|yob"), "生年$|生まれ年"),
    _row("birthdate", Semantic.BIRTHDATE, "attribute",
         _at("dob|date_?of_?birth|birth_?(?:date|day|dt)?|birthdays?|born(?:_on)?|bday"),
         "生年月日|誕生日|生まれ|出生日"),
    _row("age", Semantic.INTEGER, "none", _at("ages?"), "年齢"),
    _row("gender", Semantic.GENDER, "attribute", _at("gender|sex"), "性別"),
    _row("language", Semantic.LANGUAGE, "none", _at("lang|languages?|locale"), "言語"),
    _row("url", Semantic.URL, "none",
         _at("urls?|web_?site|home_?page|link|uri|referrer"), "ホームページ|サイト"),
    _row("updated_at", Semantic.TIMESTAMP, "time",
         _at(rf"(?:last_?)?(?:updated?|modified|changed){_ON}|modification_?(?:date|time)"), "更新(?:日|時|年)|変更日"),
    _row("time", Semantic.TIMESTAMP, "time",
         _at(rf"timestamp|ts|date_?time|occurred{_ON}|"
             "(?:event|order|purchase|visit|invoice|transaction|sent|received)_?(?:date|time|at)"),
         "^(?:time|date|day|at|on|日付|年月日)$", "日時|(?:購入|注文|来店|利用|取引|発生)日"),
    _row("created_at", Semantic.TIMESTAMP, "time",
         _at(rf"(?:created?|registered|joined|sign_?up){_ON}|(?:creation|registration)_?(?:date|time)|date_?added"),
         "登録日|入会日|作成日|申込日|発行日"),
    _row("", Semantic.MONEY, "none",
         _at("price|unit_?price|amount|amt|total|subtotal|revenue|sales|cost|fee|balance|salary|income|tax|discount"),
         "金額|価格|単価|売上|料金|税|合計|残高|年収|月収|円$"),
    _row("", Semantic.FREE_TEXT, "none",
         _at("comments?|notes?|memo|remarks?|description|message|body|free_?text|feedback"),
         "備考|メモ|コメント|自由記入|本文|説明|ご意見"),
    _row("record_id", Semantic.ID, "record_id",
         "^(?:id|uid|uuid|guid|key|pk|index|serial|no)$",
         "^(?:rec|record|row|unique|source|line)_?(?:id|no|num|number|key)$", "レコード(?:番号|id)|通番|連番|^番号$"),
    _row("", Semantic.ID, "none", "(?:^|_)(?:id|no|num|number|code|key)$", "番号$|コード$|id$"),
)  # fmt: skip
"""Patterns over spelt-out headers, the first that fits decides; what is no part of a person goes before its likes."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)")
_BETWEEN = re.compile(r"[\W_]+")
_LONGEST = 200
"""In characters; what is longer names no column, and a pattern may look at each of its places again and again."""


def spelt_out(header: str) -> str:
    """`CustomerName`, `customer-name` and ` Customer Name` are `customer_name`; `〒` is `郵便`."""
    plain = unicodedata.normalize("NFKC", header.replace("〒", "郵便"))
    return _BETWEEN.sub("_", _CAMEL.sub("_", plain).lower()).strip("_")


def meaning(header: str) -> Meaning | None:
    """What the header stands for; None where it says nothing."""
    if len(header) > _LONGEST:
        return None
    words = spelt_out(header)
    return next((meaning for pattern, meaning in _TABLE if pattern.search(words)), None)
