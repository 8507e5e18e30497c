"""Amounts of money: a number, and the currency it says it is in."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Chain, Shortcut
from kumitate.cleanse.large_numbers import AMOUNT, in_digits
from kumitate.cleanse.numbers import DECIMAL_COMMA, PLAIN_DECIMAL, as_decimal, to_decimal, without_commas
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, stepped
from kumitate.readings.text import TEXT_STEPS

_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND
    VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
"""ISO 4217, currencies in use (funds, metals and test codes left out)."""

_SIGNS: Mapping[str, str] = {
    "円": "JPY", "¥": "JPY", "YEN": "JPY", "€": "EUR", "EURO": "EUR", "ユーロ": "EUR", "£": "GBP", "ポンド": "GBP",
    "US$": "USD", "ドル": "USD", "米ドル": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "HK$": "HKD",
    "NZ$": "NZD", "S$": "SGD", "NT$": "TWD", "R$": "BRL", "元": "CNY", "人民元": "CNY", "RMB": "CNY", "CN¥": "CNY",
    "₩": "KRW", "원": "KRW", "ウォン": "KRW", "₹": "INR", "฿": "THB", "₫": "VND", "₱": "PHP", "₽": "RUB", "₺": "TRY",
    "₪": "ILS", "₴": "UAH",
}  # fmt: skip
_DOLLARS = {
    "AU": "AUD", "BB": "BBD", "BS": "BSD", "BZ": "BZD", "CA": "CAD", "FJ": "FJD", "HK": "HKD", "JM": "JMD", "MX": "MXN",
    "NZ": "NZD", "SG": "SGD", "TT": "TTD", "TW": "TWD", "AR": "ARS", "CL": "CLP", "CO": "COP",
}  # fmt: skip
"""Where a bare $ is not the dollar of the United States."""

_MARK = r"[^\d.,()+\-▲△−‐– ]+"
_AMOUNT = re.compile(
    rf"(?P<sign>[-+▲△−‐–]?)\s?(?P<before>{_MARK})?\s?(?P<number>[-+▲△−‐–]?\s?[\d.,]*\d[\d.,]*(?:e[-+]?\d{{1,3}})?)"
    rf"\s?(?P<after>{_MARK})?",
    re.IGNORECASE,
)
_STROKE = re.compile(r"(?P<amount>[^\d]*¥\s?(?:\d{1,3}(?:,\d{3})+|\d+)|.*\d(?=[.,]))[.,]?[-−–]")
"""An amount that a stroke ends: a whole one in yen, or one with no decimals behind its point.

Any other may be less than nothing, which SAP and COBOL write behind a number (`100.00-`).
"""


_YEN = r"^(?:¥ ?)?(?:[0-9]{1,14}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,3})(?:\.[0-9]{1,4})?(?: ?円)?$"


def _without_yen(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(values, "[¥円 ]+", "")


def _yen(values: pa.Array) -> Mapping[str, pa.Array]:
    is_marked = pc.match_substring_regex(values, "[¥円]")
    return {"currency": pc.if_else(is_marked, "JPY", pa.scalar(None, pa.string()))}


def money_shortcuts(formats: tuple[str, ...], country: str) -> tuple[Shortcut | Chain, ...]:
    """Plain numbers and amounts in yen, where ¥ is one and the decimals have a point."""
    if formats or country == "CN":
        return ()
    steps = (("currency", _without_yen), ("notation", without_commas))
    return (Shortcut(PLAIN_DECIMAL, to_decimal), Chain(_YEN, steps, PLAIN_DECIMAL, None, to_decimal, _yen))


def read_money(value: str, formats: tuple[str, ...], country: str) -> Reading:
    """`¥1,234円`, `USD 5`, `5 €`, `△50`, `(50)`, `3万5千円`; the part `currency` is null where none is named.

    `1.234,56 €` needs the declared format `1.234,56`: by itself `1.234` is a little more than one.
    """
    text = stepped(value, TEXT_STEPS)
    if not text.value:
        return NOTHING
    plain = _in_full(text.value, has_decimal_comma=DECIMAL_COMMA in formats)
    inner = plain[1:-1] if plain[:1] + plain[-1:] == "()" else plain
    found = _AMOUNT.fullmatch(inner)
    if found is None:
        raise RecordError("money.invalid")
    named = {_currency(mark, country) for mark in (found["before"], found["after"]) if mark}
    if len(named) > 1 or (found["sign"] and found["number"][0] in "-+▲△−‐–"):
        raise RecordError("money.invalid")
    bare = f"{found['sign']}{found['number']}"
    amount = Reading(f"({bare})" if inner != plain else bare, text.codes)
    if named:
        amount = Reading(amount.value, (*amount.codes, "currency"))
    if plain != text.value:
        amount = Reading(amount.value, (*amount.codes, "notation"))
    decimal = as_decimal(amount, formats, "money.invalid")
    return Reading(decimal.value, tuple(dict.fromkeys(decimal.codes)), {"currency": next(iter(named), None)})


def _in_full(value: str, *, has_decimal_comma: bool) -> str:
    """`3万5千円` is `35000円` and `¥500-` is `¥500`; beside a decimal comma only whole numbers are read."""
    ended = _STROKE.fullmatch(value)
    value = ended["amount"] if ended else value
    spoken = AMOUNT.search(value.replace(" ", ""))
    if spoken is None or (has_decimal_comma and re.search("[.,]", spoken[0])):
        return value
    number = in_digits(spoken[0])
    return value if number is None else value.replace(" ", "").replace(spoken[0], f"{number.normalize():f}", 1)


def _currency(mark: str, country: str) -> str:
    """`¥` is the yen, in China the yuan; `$` is the dollar of the country, where it has one."""
    mark = mark.upper().removesuffix("也")
    if mark == "$":
        return _DOLLARS.get(country, "USD")
    if mark == "¥" and country == "CN":
        return "CNY"
    found = _SIGNS.get(mark, mark)
    if found not in CURRENCIES:
        raise RecordError("money.invalid")
    return found
