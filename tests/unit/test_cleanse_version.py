"""Whoever changes what cleansing makes of a value raises the version of its rules, or sources keep the old values."""

import hashlib
import json

import pyarrow as pa

from harness.cleansing import rule
from kumitate.cleanse.rules import RULES_VERSION, column_cleanser
from kumitate.config.source import PARTS, Semantic

VALUES = """
|  a　ｂ\u200b | ＡＢＣ　㈱ | 髙橋　花子 様 | O’Brien, Conan | van der Berg-Núñez | 山田😀太郎
| YAMADA Taro | ﾔﾏﾀﾞ ﾀﾛｳ | やまだ | ヨ-コ| カ゛ | ㈱山田商店 | ｶ)ﾔﾏﾀﾞ | Example Co., Ltd. | 7000012050002
| ７０００−０１２０５０００２ | Taro <TARO@日本語.jp> | a@example | ＡＢ@Example.com| 090-1234-5678
| +81 (0)90-1234-5678 | ０３（１２３４）５６７８ | 03-1234-5678 内線12 | (201) 555-0123 | 110
| 〒１０００００１ | 60-0001 | 999-9999 | 10115| 東京都千代田区紀尾井町一丁目２番３号
| 千代田区紀尾井町1-3 サンハイツ405 | 札幌市中央区北一条西2丁目 | ﾄｳｷｮｳﾄﾐﾅﾄｸｼﾊﾞｳﾗ1-14-8 | 1 Main Street
| 2011/1/5 | 2011年1月5日 8時26分 | 令和元年5月1日 | S64/1/8 | 昭和64年1月7日 | 2021-02-29 | 20110105
| 1880-01-01 | 3000-01-01 | 2011-01-05T08:26:00+09:00| 1,234 | ▲50 | (50) | 0.12345 | ¥1,234円 | USD 5
| 3万円 | 12,34 | 9999999999999999999 | 1.0 | ００７| はい | no | 男性 | F | 不明 | 日本 | JPN
| United Kingdom | Atlantis | 日本語 | ja_JP.UTF-8 | Klingon| HTTPS://Example.COM/A?q=%41 | www.example.com
| Example Pty Ltd | 【株】山田 | 3万5千円 | 令和三年四月一日 | 100-000 | 9012345678.0 | 女子 | U.S.A. | 済み
| 100.00- | 500.-
| javascript:alert(1) | {"a": [1, 2]} | ["a","b"] | {a: 1} | \u200b\x01 | - | なし
"""
"""What each semantic is given; values of people and companies that there are not."""
COUNTRIES = ("JP", "US", "GB")
DIGESTS = {"6": "859992c129f84809"}
"""Of what the rules of a version make of the values. A new version gets a line; an old one's is of no use any more."""


def digest() -> str:
    values = pa.array([value.strip(" \n") for value in VALUES.split("|")])
    told = []
    for semantic in Semantic:
        for country in COUNTRIES:
            found = column_cleanser(rule(semantic, country=country, parts=PARTS.get(semantic, ())))(values)
            parts = {part: texts.to_pylist() for part, texts in found.parts.items()}
            told.append((semantic, country, found.values.to_pylist(), found.reasons.to_pylist(), parts))
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]


def test_another_result_is_another_version() -> None:
    assert RULES_VERSION in DIGESTS, (
        f"version {RULES_VERSION} has no digest yet: DIGESTS = {{{RULES_VERSION!r}: {digest()!r}}}"
    )
    assert digest() == DIGESTS[RULES_VERSION], (
        "these values are cleansed otherwise than before. If that is meant, raise RULES_VERSION in "
        "kumitate/cleanse/rules.py, so that every source is cleansed again from its raw rows, and put "
        f"{digest()!r} under the new version here; if it is not, mend what changed."
    )
