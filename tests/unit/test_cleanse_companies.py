"""A company has one name, however its legal form is written and wherever it stands; a name that only looks so stays."""

import pyarrow as pa
import pytest

from harness.cleansing import outcome, parts, rule
from kumitate.cleanse.company_forms import JAPANESE_FORMS
from kumitate.cleanse.rules import column_cleanser
from kumitate.config.source import Semantic

IN_KANJI = (
    "㈱", "㍿", "(株)", "（株）", "【株】", "〔株〕", "[株]", "㈲", "(有)", "特例有限会社", "(合)", "(同)", "㈾",
    "㈴", "合同会社", "一般社団法人", "(一社)", "(一財)", "公益財団法人", "NPO法人", "(特非)", "医療法人社団", "(福)",
    "国立研究開発法人", "特許業務法人", "企業組合", "有限責任事業組合", "生活協同組合", "有限公司", "㈜",
)  # fmt: skip


@pytest.mark.parametrize("form", IN_KANJI)
def test_a_form_is_taken_off_at_either_end(form: str) -> None:
    for written in (f"{form}山田商事", f"山田商事{form}", f"{form}　山田商事 御中"):
        assert outcome(Semantic.COMPANY, written) == "山田商事"


@pytest.mark.slow
def test_every_form_in_full_is_taken_off_and_told() -> None:
    for form in JAPANESE_FORMS:
        assert outcome(Semantic.COMPANY, f"{form}山田") == outcome(Semantic.COMPANY, f"山田{form}") == "山田"
        assert parts(Semantic.COMPANY, f"{form}山田", "form") == (form,)


@pytest.mark.parametrize(
    "written",
    [
        "ｶ)ﾔﾏﾀﾞ", "ﾔﾏﾀﾞ(ｶ", "ﾔﾏﾀﾞ(ｶ)", "ド)ヤマダ", "シャ)ヤマダ", "シヤ)ヤマダ", "ザイ)ヤマダ", "ﾄｸﾋ)ﾔﾏﾀﾞ",
        "カブシキガイシャ ヤマダ", "ｶﾌﾞｼｷｶﾞｲｼﾔ ﾔﾏﾀﾞ", "ヤマダユウゲンガイシャ", "ゴウドウガイシャ　ヤマダ",
    ],
)  # fmt: skip
def test_readings_lose_the_form_as_banks_and_people_write_it(written: str) -> None:
    assert outcome(Semantic.COMPANY, written) == "ヤマダ"


@pytest.mark.parametrize(
    "form",
    [
        " Pty Ltd", " Pty. Ltd.", " Proprietary Limited", " Pte. Ltd.", " Pvt. Ltd.", " Private Limited",
        " & Co., Ltd.", " Sdn. Bhd.", " LP", " G.K.", " Godo Kaisha", " Kabushiki Kaisha", " KGaA", " SE",
        " S.L.", " Ltda.", " Sp. z o.o.", " s.r.o.", " d.o.o.", " Kft.", " ApS", " AS", " OÜ", " e.V.",
        " UG (haftungsbeschränkt)",
        ", S.A. de C.V.", ", Inc.", " GmbH & Co. KG",
    ],
)  # fmt: skip
def test_forms_of_other_countries_are_taken_off_whole(form: str) -> None:
    assert outcome(Semantic.COMPANY, f"Example{form}") == "Example"


@pytest.mark.parametrize(
    "name", ["Aktiva as", "Use", "合同製鐵", "株", "(株)", "Ltd", "生協の白石", "AS Roma", "Incorporate"]
)
def test_what_is_no_form_stays(name: str) -> None:
    assert outcome(Semantic.COMPANY, name.replace("鐵", "鉄")) == name.replace("鐵", "鉄")


def test_a_bracket_left_open_hides_no_form_that_is_common() -> None:
    assert outcome(Semantic.COMPANY, "株)山田") == outcome(Semantic.COMPANY, "山田(株") == "山田"
    assert outcome(Semantic.COMPANY, "山田(大") == "山田(大"


def test_a_column_of_forms_is_read_as_one_by_one() -> None:
    written = [
        "Example Pty Ltd",
        "Example & Co., Ltd.",
        "Example &Co., Ltd.",
        "Example,Co., Ltd.",
        "山田 様",
        "山田商事(株)",
        "カブシキガイシャヤマダ",
        "株式会社 様",
    ]
    column = column_cleanser(rule(Semantic.COMPANY))(pa.array(written))
    assert column.values.to_pylist() == [*["Example"] * 4, "山田", "山田商事", "ヤマダ", "株式会社"]
