"""One place has one key in whatever notation, and what is cleansed is clean: over the towns of the postal master."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.cleanse.addresses.folding import kanji, number
from kumitate.cleanse.addresses.master import City, master
from kumitate.cleanse.addresses.reading import read_address

PIECES = (
    "東京都", "千代田区", "京都市上京区", "紀尾井町", "亀屋町", "大字", "字", "一", "二十", "1",
    "２", "12", "-", "ー", "の", "ノ", "丁目", "番地", "番", "号",
    " ", "　", "上る", "通り", "ビル", "マンション", "A", "F", "階", "号室",
    "(", ")", "〒102-0094", "東", "甲", "イ", "ヶ", "無番地", "福島県伊達郡保原町", "ﾄｳｷｮｳﾄ",
    "ﾁﾖﾀﾞｸ", "府中市", "横浜市", "🏠", "、", "地割", "線", "条", "札幌市中央区", "北", "西",
)  # fmt: skip
WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")


@st.composite
def places(draw: st.DrawFn) -> tuple[City, str, tuple[int, int, int]]:
    cities = master().cities
    city = cities[draw(st.integers(0, len(cities) - 1))]
    towns = sorted(
        name for name in city.spelt if not (city.name.startswith("京都市") and len(city.spelt[name].codes) > 1)
    )
    town = towns[draw(st.integers(0, len(towns) - 1))] if towns else ""
    return city, town, (draw(st.integers(1, 9)), draw(st.integers(1, 99)), draw(st.integers(1, 99)))


def notations(city: City, town: str, numbers: tuple[int, int, int]) -> tuple[str, ...]:
    a, b, c = numbers
    place = city.name + town
    # A number right behind one that ends the town's name would be read with it.
    gap = " " if place[-1].isdigit() else ""
    return (
        f"{city.prefecture}{place}{gap}{a}-{b}-{c}",
        f"{city.prefecture} {city.name} {town} " + f"{a}-{b}-{c}".translate(WIDE),
        f"{city.prefecture}{place}{gap}{a}丁目{b}番{c}号",
        f"{city.prefecture}{place}{gap}{a}丁目{b}番地の{c}サンハイツ101号室",
        f"{city.prefecture}{place} {kanji(a)}丁目{kanji(b)}番{kanji(c)}号",
        f"{city.prefecture}{city.name}大字{town}{gap}{a}の{b}の{c}"
        if town
        else f"{city.prefecture}{place}{a}の{b}の{c}",
    )


@given(places())
def test_notations_of_one_place_have_one_key(place: tuple[City, str, tuple[int, int, int]]) -> None:
    city, town, numbers = place
    keys = {read_address(notation, country="JP").parts.get("key") for notation in notations(*place)}
    assert keys == {f"{city.prefecture}|{city.name}|{town}|{'-'.join(map(str, numbers))}"}


@given(places())
def test_a_cleansed_place_is_clean(place: tuple[City, str, tuple[int, int, int]]) -> None:
    for notation in notations(*place):
        once = read_address(notation, country="JP")
        twice = read_address(once.value, country="JP")
        assert (twice.value, twice.codes, twice.parts) == (once.value, (), once.parts)


@settings(max_examples=80)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join))
def test_whatever_is_written_twice_is_once(address: str) -> None:
    once = read_address(address, country="JP")
    if once.value is None:
        return
    twice = read_address(once.value, country="JP")
    assert twice.value == once.value
    if once.parts.get("key"):
        assert twice.parts["key"] == once.parts["key"]


@given(st.integers(1, 9_999))
def test_kanji_numerals_are_read_back(value: int) -> None:
    assert number(kanji(value)) == value
