"""Why a cleansed value differs from what was delivered: every code with its sentence, English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kumitate.config.source import Semantic
from kumitate.readings.limits import limit_of
from kumitate.readings.says_none import SAYS_NONE


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence per language; it speaks of the delivered value."""

    en: str
    ja: str


CHANGES: Mapping[str, Reason] = {
    "invisible": Reason(
        "Invisible characters (controls, zero width, variation selectors) were taken out.",
        "見えない文字（制御文字・ゼロ幅・異体字セレクタ）を取り除きました。",
    ),
    "width": Reason(
        "Full-width, half-width and compatibility characters were unified (Unicode NFKC).",
        "全角・半角・互換文字を統一しました（Unicode NFKC）。",
    ),
    "blanks": Reason("Needless blanks were taken out.", "余分な空白を取り除きました。"),
    "line_ends": Reason("Line ends were unified.", "改行コードを統一しました。"),
    "variant_kanji": Reason("Old or variant kanji became their common form.", "旧字体・異体字を通用字体にしました。"),
    "kana_script": Reason("Hiragana became katakana.", "ひらがなをカタカナにしました。"),
    "long_vowel": Reason("A dash after kana became a long vowel mark.", "かなに続く横線を長音記号にしました。"),
    "voice_mark": Reason("A voice mark that stood alone was joined or dropped.", "単独の濁点・半濁点を処理しました。"),
    "apostrophe": Reason("An apostrophe was written plainly (').", "アポストロフィを ' に統一しました。"),
    "dash": Reason("A dash was written plainly (-).", "ハイフン類を - に統一しました。"),
    "emoji": Reason("Emoji were taken out.", "絵文字を取り除きました。"),
    "honorific": Reason("A title or honorific was taken off.", "敬称を取り除きました。"),
    "company_form": Reason("The company's legal form was taken off.", "法人格の表記を取り除きました。"),
    "case": Reason("Letters changed between upper and lower case.", "大文字・小文字を統一しました。"),
    "idn": Reason(
        "A domain with other letters was written in ASCII (punycode).", "国際化ドメインを Punycode にしました。"
    ),
    "e164": Reason("A phone number was written internationally (E.164).", "電話番号を国際形式（E.164）にしました。"),
    "trunk_zero": Reason("The 0 after the country code was taken out.", "国番号に続く 0 を取り除きました。"),
    "extension": Reason("An extension was taken off the phone number.", "電話番号から内線番号を取り除きました。"),
    "url_scheme": Reason("A web address without a scheme got https.", "スキームのない URL に https を補いました。"),
    "era": Reason("A year of a Japanese era was read.", "和暦を西暦にしました。"),
    "notation": Reason("Another notation of the same value was read.", "別の表記を標準の表記にしました。"),
    "precision": Reason("Digits beyond what the lake keeps were rounded off.", "保持できない桁を丸めました。"),
    "currency": Reason("The currency was taken off the amount.", "金額から通貨の表記を取り除きました。"),
    "country_name": Reason("A country's name became its code.", "国名を国コードにしました。"),
    "language_name": Reason("A language's name became its code.", "言語名を言語コードにしました。"),
    "prefecture_added": Reason(
        "The prefecture that the address leaves out was added.", "省略された都道府県を補いました。"
    ),
    "prefecture_unsure": Reason(
        "Municipalities of several prefectures have this name; none was taken.",
        "同名の市区町村が複数の都道府県にあり、特定できません。",
    ),
    "city_unsure": Reason("The ward or 郡 is left out and cannot be told.", "区または郡が省略され、特定できません。"),
    "former_municipality": Reason(
        "The name of a former municipality became today's.", "旧市町村名を現在の名称にしました。"
    ),
    "town_unlisted": Reason("The postal master does not list this town.", "郵便番号データにない町名です。"),
    "address_unparsed": Reason(
        "No municipality was found in the address; it is kept as text.",
        "住所から市区町村を読み取れず、文字列のまま残しました。",
    ),
    "postal_code_unlisted": Reason(
        "Japan Post lists no such postal code; it is kept.",
        "日本郵便の郵便番号データにない番号です（値は残しました）。",
    ),
    "country_unknown": Reason(
        "It does not fit the country that was assumed, and nothing says which it is of; it is kept as text.",
        "国が分からず、仮定した国の形式に合わないため、文字列のまま残しました。",
    ),
    "leading_zero": Reason("A 0 that the number had lost was put before it.", "失われた先頭の 0 を補いました。"),
}
"""What was done to a value that is kept; several may hold for one value, in the order they were done."""

_INVALID: Mapping[str, Reason] = {
    "text.invisible": Reason("Nothing but invisible characters.", "見えない文字だけの値です。"),
    "id.several": Reason(
        "A list or an object, not one identifier.", "一覧や JSON であり、一つの識別子ではありません。"
    ),
    "integer.invalid": Reason("Not a whole number of 64 bits.", "64 ビットの整数ではありません。"),
    "decimal.invalid": Reason("Not a number of at most 14 digits.", "14 桁以内の数値ではありません。"),
    "money.invalid": Reason("Not an amount of money.", "金額として読めません。"),
    "boolean.invalid": Reason("Neither yes nor no.", "はい・いいえのどちらでもありません。"),
    "date.invalid": Reason("Not a day of the calendar.", "暦にある日付ではありません。"),
    "timestamp.invalid": Reason("Not a time of the calendar.", "暦にある日時ではありません。"),
    "birthdate.invalid": Reason("Not a day of the calendar.", "暦にある日付ではありません。"),
    "birthdate.future": Reason("A birthday after the day of the run.", "未来の生年月日です。"),
    "birthdate.too_old": Reason("A birthday more than 130 years ago.", "130 年より前の生年月日です。"),
    "name.no_letter": Reason("A name without any letter.", "文字を含まない名前です。"),
    "kana.no_letter": Reason("A reading without any letter.", "文字を含まない読みです。"),
    "company.no_letter": Reason("A company's name without letter or digit.", "文字も数字も含まない会社名です。"),
    "corporate_number.invalid": Reason("Not a corporate number of 13 digits.", "13 桁の法人番号ではありません。"),
    "corporate_number.check_digit": Reason(
        "The corporate number's check digit does not fit its other digits.", "法人番号の検査用数字が合いません。"
    ),
    "email.invalid": Reason("Not an e-mail address.", "メールアドレスではありません。"),
    "email.several": Reason("More than one e-mail address.", "複数のメールアドレスがあります。"),
    "phone.invalid": Reason("Not a phone number that is in use.", "実在しうる電話番号ではありません。"),
    "phone.several": Reason("More than one phone number.", "複数の電話番号があります。"),
    "postal_code.invalid": Reason("Not a postal code of its country.", "その国の郵便番号ではありません。"),
    "gender.invalid": Reason("Not a known word or code for a gender.", "性別として読めません。"),
    "country.invalid": Reason("Not a country's code or known name.", "国コードでも国名でもありません。"),
    "language.unknown": Reason("Not a language's code or known name.", "言語コードでも言語名でもありません。"),
    "url.invalid": Reason("Not a web address.", "URL ではありません。"),
    "json.invalid": Reason("Not JSON.", "JSON ではありません。"),
}

_SAYS_NONE: Mapping[str, Reason] = {
    f"{semantic}.says_none": Reason(
        "A word that says there is none (N/A, なし).", "値がないことを示す語です（N/A、なし など）。"
    )
    for semantic in SAYS_NONE
}

_TOO_LONG: Mapping[str, Reason] = {
    f"{semantic}.too_long": Reason(
        f"Longer than {limit_of(semantic):,} characters.", f"{limit_of(semantic):,} 文字を超えています。"
    )
    for semantic in Semantic
}

UNUSABLE: Mapping[str, Reason] = {**_INVALID, **_SAYS_NONE, **_TOO_LONG}
"""Why a value became null: `<semantic>.<why>`, one per value."""

REASONS: Mapping[str, Reason] = {**CHANGES, **UNUSABLE}
"""Every code that cleansing gives, with what it says to people."""


def is_unusable(code: str) -> bool:
    """Whether the code says that a value was dropped; otherwise it was changed and kept."""
    return "." in code
