"""A column of addresses gives what its values give one by one: over the towns of the postal master, however written."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.cleanse.addresses.columns import address_cleanser
from kumitate.cleanse.addresses.folding import kanji
from kumitate.cleanse.addresses.master import City, master
from kumitate.cleanse.addresses.reading import PARTS, read_address

CITIES = tuple(city for city in master().cities if city.line[0].strip(","))
KYOTO = tuple(city for city in CITIES if city.name.startswith("京都市"))
NUMBERED = tuple(
    city for city in CITIES if city.name in {"十日町市", "和賀郡西和賀町", "花巻市", "札幌市西区", "郡山市"}
)
# So many that the column is not read one by one.
OTHERS = tuple(f"東京都千代田区紀尾井町{number}" for number in range(1, 1_100))
BUILDINGS = (
    "サンハイツ101号室", "コーポA", "三井ビル3F", "101", "第一ビル", "1F", "A-3", "Aー3", "A棟101", "号室",
    "東1", "ノ東3", "ノース", "(株)山田", "ビル(2F)", "(2F)", "森タワー 20階", "森 タワー", "ー", "・",
    "コーポ、", "コーポ 2-3", "番館", "室", "の2", "字大", "上る", "二条通ビル", "入船", "ハイツ1番-3",
    "F", "棟", "階", "町", "条", "線", "5", "一", "十 ", "🏠", "ビル🏠",
    "ｺｰﾎﾟ", "A ビル", "～3", "- 3", "−3", "イ3", "1-2-3", "丁目", "区東1", "地割", "　", "ヴィラ",
)  # fmt: skip
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
numbers = st.one_of(
    st.integers(1, 40).map(str),
    st.sampled_from(("0", "01", "100", "101", "405", "99999999", "123456789", "十二", "甲1", "東3")),
)


def _town(city: City, at: int) -> str:
    names = city.line[0].split(",")
    return names[at % len(names)]


@st.composite
def tails(draw: st.DrawFn) -> str:
    shapes = (
        "{}-{}-{}", "{}-{}", "{}", "{}丁目{}番{}号", "{}丁目{}番地{}", "{}丁目{}-{}", "{}丁目", "{}番地", "{}番地の{}",
        "{}の{}の{}", "{}ノ{}", "{}-{}-{}-{}", "{}丁目{}番{}-{}", "{}丁目 {}番 {}号", "{}丁{}-{}", "{}ー{}", "{} - {}",
        "{}条{}丁目{}", "{}線{}", "{}番町{}", "第{}", "{}丁目-{}", "無番地", "",
    )  # fmt: skip
    chome = draw(st.sampled_from(("", "", "", kanji(draw(st.integers(1, 24))) + "丁目")))
    return chome + draw(st.sampled_from(shapes)).format(*(draw(numbers) for _ in range(4)))


@st.composite
def addresses(draw: st.DrawFn) -> str:
    city = draw(st.sampled_from(draw(st.sampled_from((CITIES, CITIES, KYOTO, NUMBERED)))))
    town = _town(city, draw(st.integers(0, 4_999)))
    prefecture = draw(st.sampled_from((city.prefecture, city.prefecture, f"{city.prefecture} ", "")))
    name = draw(st.sampled_from((city.name, city.name, city.name, city.name.partition("郡")[2] or city.name[:3])))
    before = draw(st.sampled_from(("", "", "", "大字", "　", "寺町通", "二条下ル")))
    behind = draw(st.sampled_from(("", "", "", "", " ", "字宮下", "東", "上る", "、", "ー", "二")))
    building = draw(st.sampled_from(("", " ", "　"))) + draw(st.sampled_from(("", *BUILDINGS)))
    written = f"{prefecture}{name}{before}{town}{behind}{draw(tails())}{building}"
    written = draw(st.sampled_from(("", "", "", "", "〒102-0094 ", "("))) + written
    return written.translate(WIDE) if draw(st.sampled_from((False, False, True))) else written


def one_by_one(address: str | None) -> tuple[str | None, str | None, dict[str, str | None]]:
    reading = read_address(address or "", country="JP")
    return reading.value, " ".join(reading.codes) or None, {part: reading.parts.get(part) for part in PARTS}


@pytest.mark.slow
@settings(max_examples=12)
@given(st.lists(st.one_of(addresses(), st.none(), st.text(max_size=12)), min_size=30, max_size=40))
def test_a_column_of_addresses_gives_what_they_give_one_by_one(written: list[str | None]) -> None:
    found = address_cleanser("JP", tuple(PARTS))(pa.array([*OTHERS, *written], pa.string()))
    for place, address in enumerate(written, start=len(OTHERS)):
        parts = {part: found.parts[part][place].as_py() for part in PARTS}
        told = (found.values[place].as_py(), found.reasons[place].as_py(), parts)
        # A column says of what is only invisible that it is; see the tests of columns.
        if told[1] != "text.invisible":
            assert told == one_by_one(address), address
