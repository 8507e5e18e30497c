"""What becomes of Japanese addresses: one notation, parts and key, in tables that a reader can check by hand."""

import pyarrow as pa
import pytest

from kumitate.cleanse.addresses.columns import address_cleanser
from kumitate.cleanse.addresses.master import master
from kumitate.cleanse.addresses.reading import PARTS, read_address
from kumitate.cleanse.reasons import CHANGES

PREFECTURES = [
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県",
    "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県",
    "岐阜県", "静岡県", "愛知県", "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県",
    "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
]  # fmt: skip


def key(address: str) -> str | None:
    return read_address(address, country="JP").parts.get("key")


def parts(address: str) -> tuple[str | None, ...]:
    found = read_address(address, country="JP").parts
    return tuple(found.get(part) for part in ("prefecture", "city", "town", "block", "building"))


def codes(address: str) -> tuple[str, ...]:
    return read_address(address, country="JP").codes


def test_the_master_knows_the_47_prefectures() -> None:
    assert sorted({city.prefecture for city in master().cities}) == sorted(PREFECTURES)


def test_a_municipality_of_every_prefecture_is_found_with_its_prefecture() -> None:
    for prefecture in PREFECTURES:
        city = next(city for city in master().cities if city.prefecture == prefecture)
        assert parts(f"{prefecture}{city.name}999")[:2] == (prefecture, city.name)


@pytest.mark.parametrize(
    ("notations", "expected"),
    [
        (
            (
                "東京都千代田区紀尾井町1-3",
                "東京都千代田区紀尾井町１丁目３番地",
                "東京都 千代田区 紀尾井町 １－３",
                "千代田区紀尾井町一の三",
                "〒102-0094 千代田区紀尾井町壱番地三号",
                "〒１０２－００９４　紀尾井町１ノ３",
                "東京千代田区紀尾井町1ー3 デジタル庁",
                "東京都千代田区紀尾井町1番3号５Ｆ",
            ),
            "東京都|千代田区|紀尾井町|1-3",
        ),
        (
            (
                "北海道札幌市中央区北三条西３丁目１－５６マルゲンビル３Ｆ",
                "札幌市中央区北3条西3丁目1番地56",
                "札幌市中央区北３条西三丁目１の５６",
                "北海道札幌市中央区北三条西3-1-56",
            ),
            "北海道|札幌市中央区|北三条西|3-1-56",
        ),
        (
            (
                "茨城県龍ケ崎市佐貫4-5-6",
                "茨城県竜ヶ崎市佐貫四丁目五番六号",
                "龍ヶ崎市大字佐貫４丁目５－６",
                "竜が崎市佐貫4ー5ー6",
            ),
            "茨城県|龍ケ崎市|佐貫|4-5-6",
        ),
        (
            (
                "宮城県黒川郡大和町吉岡字館下12番地3",
                "黒川郡大和町吉岡舘下12-3",
                "宮城県大和町大字吉岡字館下１２の３",
                "宮城県黒川郡大和町吉岡館下12番3号",
            ),
            "宮城県|黒川郡大和町|吉岡館下|12-3",
        ),
        (
            (
                "京都府京都市中京区河原町二条下ル一之舟入町537-50",
                "京都市中京区一之船入町537番地50",
                "京都府京都市中京区河原町通二条下る一ノ船入町537の50",
                "京都府京都市中京区一之舟入町５３７－５０",
            ),
            "京都府|京都市中京区|一之船入町|537-50",
        ),
        (
            (
                "長野県塩尻市大門八番町1-2",
                "長野県鹽尻市大門8番町１番地２",
                "塩尻市大門８番町1の2",
                "塩尻市 大門八番町 1番2号",
            ),
            "長野県|塩尻市|大門八番町|1-2",
        ),
    ],
)
def test_notations_of_one_place_have_one_key(notations: tuple[str, ...], expected: str) -> None:
    assert [key(notation) for notation in notations] == [expected] * len(notations)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("宮崎県北諸県郡三股町樺山1", ("宮崎県", "北諸県郡三股町", "樺山", "1", None)),
        ("北諸県郡三股町樺山1", ("宮崎県", "北諸県郡三股町", "樺山", "1", None)),
        ("西諸県郡高原町西麓2", ("宮崎県", "西諸県郡高原町", "西麓", "2", None)),
        ("東諸県郡国富町本庄3", ("宮崎県", "東諸県郡国富町", "本庄", "3", None)),
        ("四日市市諏訪町1-5", ("三重県", "四日市市", "諏訪町", "1-5", None)),
        ("大和郡山市北郡山町248", ("奈良県", "大和郡山市", "北郡山町", "248", None)),
        ("岩手県花巻市12丁目704", ("岩手県", "花巻市", "十二丁目", "704", None)),
        ("春日部市大字八丁目353番地1", ("埼玉県", "春日部市", "八丁目", "353-1", None)),
        ("富山県富山市町村58-2", ("富山県", "富山市", "町村", "58-2", None)),
        ("埼玉県上尾市上161-34", ("埼玉県", "上尾市", "上", "161-34", None)),
        ("中央区銀座4-1-2", ("東京都", "中央区", "銀座", "4-1-2", None)),
        ("神奈川県横浜市港北区菊名1-6-5", ("神奈川県", "横浜市港北区", "菊名", "1-6-5", None)),
        ("大阪府堺市堺区南花田口町2丁3-10", ("大阪府", "堺市堺区", "南花田口町", "2-3-10", None)),
        ("神奈川県綾瀬市無番地", ("神奈川県", "綾瀬市", None, "無番地", None)),
        ("茨城県龍ケ崎市3928番地", ("茨城県", "龍ケ崎市", None, "3928", None)),
    ],
)
def test_traps_of_the_names(address: str, expected: tuple[str | None, ...]) -> None:
    assert parts(address) == expected


@pytest.mark.parametrize(
    ("rest", "block", "building"),
    [
        ("1-3-5サンハイツ101号室", "1-3-5", "サンハイツ101号室"),
        ("1-3-5 19階", "1-3-5", "19階"),
        ("1-3-5-301C", "1-3-5", "301C"),
        ("1-3-2号室", "1-3", "2号室"),
        ("1-3-1番館", "1-3", "1番館"),
        ("1丁目3番地三井ビル", "1-3", "三井ビル"),
        ("1の三井ビル", "1", "の三井ビル"),
        ("1-3(小野ビル101号)", "1-3", "小野ビル101号"),
        ("34JR信濃町ビル5F", "34", "JR信濃町ビル5F"),
        ("A-5どこか", "A5", "どこか"),
        ("甲1234番地", "甲1234", None),
        ("イ12-3", "イ12-3", None),
        ("番外地", "番外地", None),
        ("1-003-05", "1-3-5", None),
        ("九九十", None, "九九十"),
    ],
)
def test_block_and_building_part(rest: str, block: str | None, building: str | None) -> None:
    assert parts(f"東京都千代田区紀尾井町{rest}") == ("東京都", "千代田区", "紀尾井町", block, building)


def test_a_fourth_number_is_a_room_where_the_first_is_a_chome() -> None:
    assert parts("東京都港区芝浦1-14-8-405")[3:] == ("1-14-8", "405")
    assert parts("東京都港区芝浦1-14-8-4")[3:] == ("1-14-8-4", None)


def test_of_namesakes_in_two_prefectures_none_is_taken_without_a_sign() -> None:
    assert parts("府中市1-2") == (None, "府中市", None, "1-2", None)
    assert key("府中市1-2") is None
    assert "prefecture_unsure" in codes("府中市1-2")


def test_namesakes_are_told_apart_by_postal_code_or_town() -> None:
    assert parts("〒183-0022 府中市1-2")[0] == "東京都"
    assert parts("〒726-0003 府中市1-2")[0] == "広島県"
    assert parts("府中市宮西町2-24")[0] == "東京都"
    assert parts("府中市元町1-5")[0] == "広島県"


def test_cities_that_only_a_variant_tells_apart_stay_two() -> None:
    assert parts("鹿嶋市平井1")[0] == "茨城県"
    assert parts("鹿島市高津原1")[0] == "佐賀県"


def test_a_city_without_its_ward_is_completed_by_the_town_alone() -> None:
    assert parts("横浜市菊名1-6-5")[1] == "横浜市港北区"
    assert parts("横浜市本町1-2")[:2] == ("神奈川県", "横浜市中区")
    assert parts("大阪市ほげ1-2")[:2] == ("大阪府", "大阪市")
    assert key("大阪市ほげ1-2") is None


def test_a_former_municipality_becomes_the_one_that_has_its_towns_now() -> None:
    address = "福島県伊達郡保原町大字上保原字向15番地"
    assert parts(address) == ("福島県", "伊達市", "保原町上保原向", "15", None)
    assert "former_municipality" in codes(address)


def test_what_the_master_cannot_tell_is_not_invented() -> None:
    assert parts("東京都虚構郡虚構町1-2") == (None,) * 5
    assert parts("東京都新宿区三栄町17-16")[2] == "三栄町"
    assert "town_unlisted" in codes("東京都新宿区三栄町17-16")


def test_kyoto_keeps_the_street_where_it_tells_namesakes_apart() -> None:
    first = key("京都府京都市上京区烏丸通今出川上る亀屋町12")
    assert first == "京都府|京都市上京区|烏丸今出川上る亀屋町|12"
    assert key("京都市上京区烏丸今出川上ル亀屋町12番地") == first
    assert key("京都市上京区大宮通五辻上る亀屋町12") != first
    assert key("京都市上京区亀屋町12") is None


def test_a_hamlet_behind_the_town_belongs_to_it_with_and_without_its_word() -> None:
    assert (
        key("青森県八戸市大字尻内町字下根市25-2")
        == key("八戸市尻内町下根市25番地2")
        == "青森県|八戸市|尻内町下根市|25-2"
    )


def test_an_address_in_katakana_stays_and_has_the_parts_of_its_place() -> None:
    reading = read_address("ﾄｳｷｮｳﾄﾁﾖﾀﾞｸｷｵｲﾁｮｳ1ﾁｮｳﾒ2-3 ﾃﾞｼﾞﾀﾙﾋﾞﾙ", country="JP")
    assert reading.value == "トウキョウトチヨダクキオイチョウ1チョウメ2-3 デジタルビル"
    assert reading.parts["key"] == "東京都|千代田区|紀尾井町|1-2-3"
    assert parts("さいたましうらわくときわ1-2")[:3] == ("埼玉県", "さいたま市浦和区", "常盤")
    assert parts("サイタマシウラワク1-2")[:2] == ("埼玉県", "さいたま市浦和区")


@pytest.mark.parametrize(
    "junk", ["foo", "🏠", "ー", "東京", "１２３", "〒", "()", "県", "\U00020b9f\U000e0100", "不明"]
)
def test_what_is_no_address_is_kept_without_parts(junk: str) -> None:
    reading = read_address(junk, country="JP")
    assert reading.value
    assert "address_unparsed" in reading.codes
    assert not reading.parts


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("一番町４番地の５", "一番町4-5"),
        ("丸の内１丁目２番３号　サンハイツ１０１号室", "丸の内1-2-3 サンハイツ101号室"),
        ("二十三丁目4番地5", "23-4-5"),
        ("電話０９０－１２３４－５６７８", "電話090-1234-5678"),
        ("1-2-3", "1-2-3"),
        ("Main Street 1-2", "Main Street 1-2"),
    ],
)
def test_the_number_is_unified_without_a_municipality_too(given: str, clean: str) -> None:
    reading = read_address(given, country="JP")
    assert (reading.value, dict(reading.parts)) == (clean, {})
    assert reading.codes[-1] == "address_unparsed"


def test_invisible_characters_and_emoji_do_not_hide_the_place() -> None:
    expected = key("東京都葛飾区青戸4-22-13")
    assert key("東京都葛\U000e0100飾区青戸４\u200b－２２－１３🏠") == expected is not None


def test_prefecture_alone_is_told() -> None:
    assert parts("北海道") == ("北海道", None, None, None, None)


def test_the_postal_code_is_the_delivered_one_else_the_towns_only_one() -> None:
    assert read_address("〒100-0001 東京都千代田区千代田1-1", country="JP").parts["postal_code"] == "100-0001"
    assert read_address("東京都千代田区千代田1-1", country="JP").parts["postal_code"] == "100-0001"
    assert read_address("京都市上京区亀屋町12", country="JP").parts["postal_code"] is None


def test_abroad_only_the_text_is_unified() -> None:
    reading = read_address("１０ Downing  Street, London", country="GB")
    assert (reading.value, reading.codes, dict(reading.parts)) == (
        "10 Downing Street, London",
        ("width", "blanks"),
        {},
    )


def test_a_column_gives_what_single_values_give() -> None:
    values = ["千代田区紀尾井町１－３", None, "foo", "", "東京都千代田区紀尾井町1-3", "千代田区紀尾井町１－３"]
    found = address_cleanser("JP", tuple(PARTS))(pa.array(values))
    for place, value in enumerate(values):
        reading = read_address(value or "", country="JP")
        assert found.values[place].as_py() == reading.value
        assert found.reasons[place].as_py() == (" ".join(reading.codes) or None)
        assert {part: found.parts[part][place].as_py() for part in PARTS} == {
            part: reading.parts.get(part) for part in PARTS
        }


def test_every_code_has_its_sentences() -> None:
    addresses = (
        "府中市1-2",
        "大阪市ほげ1-2",
        "千代田区紀尾井町１丁目",
        "東京都新宿区三栄町1",
        "foo",
        "福島県伊達郡保原町中瀬町1",
    )
    told = {code for address in addresses for code in codes(address)}
    assert len(told) >= 6
    assert told <= set(CHANGES)
