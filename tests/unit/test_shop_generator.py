"""The example shop's generator: repeatable, whole or not at all, harmless in its contact data."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from examples.shop.shopdata import noise
from examples.shop.shopdata.broken import BROKEN
from examples.shop.shopdata.world import Assignment, make
from kumitate.config.loader import load_config

pytestmark = pytest.mark.slow

SHOP = Path(__file__).parents[2] / "examples" / "shop"
CUSTOMERS = 400
AS_OF = datetime(2011, 12, 9, 15, tzinfo=UTC)
_RESERVED = re.compile(r"@([a-z0-9-]+\.)*example\.(com|net|jp|ne\.jp|co\.jp)$", re.IGNORECASE)


def _quiet(_line: str) -> None:
    pass


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """The same world around a tenth of the customers."""
    data = tmp_path_factory.mktemp("data")
    orders = pq.read_table(SHOP / "data" / "orders.parquet")
    customers = sorted(pc.unique(orders["CustomerID"]).drop_null().to_pylist())[:CUSTOMERS]
    pq.write_table(orders.filter(pc.is_in(orders["CustomerID"], pa.array(customers))), data / "orders.parquet")
    for name in ("names.csv", "postal.csv"):
        shutil.copy(SHOP / "data" / name, data / name)
    return Assignment(data, tmp_path_factory.mktemp("out") / "generated", 1, 7)


@pytest.fixture(scope="module")
def made(few: Assignment) -> Path:
    make(few, _quiet)
    return few.out


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _rows(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return [row for row in csv.DictReader(file) if None not in row.values() and None not in row]


def _objects(path: Path) -> list[dict[str, object]]:
    """Every line but those that were broken on purpose."""
    return [
        json.loads(line) for line in path.read_bytes().splitlines() if line + b"\n" not in BROKEN.get(path.stem, ())
    ]


def test_the_same_parameters_give_the_same_bytes_whatever_the_hash_seed(few: Assignment, made: Path, tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from examples.shop.shopdata.world import Assignment, make;"
        "make(Assignment(Path(sys.argv[1]), Path(sys.argv[2]), 1, 7), print)"
    )
    arguments = [sys.executable, "-c", code, str(few.data), str(tmp_path / "again")]
    subprocess.run(arguments, check=True, env=os.environ | {"PYTHONHASHSEED": "1"}, cwd=SHOP.parents[1])
    assert _bytes(tmp_path / "again") == _bytes(made)


def test_another_seed_makes_other_people_around_the_same_customers(few: Assignment, made: Path, tmp_path: Path):
    make(replace(few, out=tmp_path / "other", seed=8), _quiet)
    ours, theirs = (_rows(folder / "ec_members.csv") for folder in (made, tmp_path / "other"))
    assert {row["last_kana"] + row["birthdate"] for row in ours} != {
        row["last_kana"] + row["birthdate"] for row in theirs
    }


def test_what_is_there_already_is_not_made_again(few: Assignment, made: Path):
    before = {path.name: path.stat().st_mtime_ns for path in made.iterdir()}
    assert make(few, _quiet) is False
    assert {path.name: path.stat().st_mtime_ns for path in made.iterdir()} == before


def test_a_failure_on_the_way_leaves_the_earlier_folder_as_it_was(few: Assignment, made: Path):
    before = _bytes(made)

    def break_down(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(replace(few, seed=9), break_down)
    assert _bytes(made) == before


def test_a_second_copy_brings_customers_of_its_own(few: Assignment, tmp_path: Path):
    make(replace(few, out=tmp_path / "two", scale=2), _quiet)
    original = pq.read_table(few.data / "orders.parquet")
    copied = pq.read_table(tmp_path / "two" / "orders-0001.parquet")
    assert copied.num_rows == original.num_rows
    assert not set(copied["CustomerID"].to_pylist()) & set(original["CustomerID"].to_pylist())
    assert not set(copied["InvoiceNo"].to_pylist()) & set(original["InvoiceNo"].to_pylist())
    keys = [row["record"] for row in _rows(tmp_path / "two" / "truth.csv")]
    assert len(set(keys)) == len(keys)


def test_every_record_of_the_truth_stands_in_its_file(made: Path):
    truth = {tuple(row["record"].split("/")) for row in _rows(made / "truth.csv")}
    stated = {("ec_members", row["member_no"]) for row in _rows(made / "ec_members.csv")}
    stated |= {("store_cards", row["カード番号"]) for row in _rows(made / "store_cards.csv", "cp932")}
    stated |= {("support_tickets", row["ticket_no"]) for row in _rows(made / "support_tickets.csv", "utf-8-sig")}
    for source in ("crm_contacts", "crm_opportunities"):
        stated |= {(source, str(row["Id"])) for row in _objects(made / f"{source}.jsonl")}
    assert truth <= stated


def test_some_people_registered_twice_under_two_customer_numbers(made: Path):
    truth = {row["record"]: row["person_id"] for row in _rows(made / "truth.csv")}
    person = {record.removeprefix("ec_members/"): who for record, who in truth.items()}
    customers: dict[str, set[str]] = {}
    for row in _rows(made / "ec_members.csv"):
        if row["member_no"] in person:
            narrow = unicodedata.normalize("NFKC", row["customer_no"])
            customers.setdefault(person[row["member_no"]], set()).add(narrow)
    assert sum(len(numbers) == 2 for numbers in customers.values()) == 120


def test_loyalty_cards_are_shift_jis_with_narrow_katakana(made: Path):
    content = (made / "store_cards.csv").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n")
    for line in BROKEN["store_cards"]:
        content = content.replace(line, b"")
    assert re.search("[ｱ-ﾝ]ﾞ", content.decode("cp932"))


def test_nothing_happens_after_the_clock_of_the_project(made: Path):
    web = [datetime.fromisoformat(str(call["timestamp"])) for call in _objects(made / "web_events.jsonl")]
    mail = [datetime.fromisoformat(str(event["at"])) for event in _objects(made / "email_events.jsonl")]
    assert max(web) < AS_OF
    assert max(mail) < AS_OF


def test_a_call_delivered_twice_keeps_its_message_id(made: Path):
    ids = [call.get("messageId") for call in _objects(made / "web_events.jsonl")]
    assert 0 < len(ids) - len(set(ids)) < len(ids) * 0.01


def test_mail_addresses_lie_in_domains_reserved_for_examples(made: Path):
    said = {row["email"] for name in ("ec_members", "consents") for row in _rows(made / f"{name}.csv")}
    said |= {str(row["Email"] or "") for row in _objects(made / "crm_contacts.jsonl")}
    given = {unicodedata.normalize("NFKC", email).strip() for email in said if email}
    assert given
    assert all(_RESERVED.search(email) for email in given)


@pytest.mark.parametrize("text", ["タナカ", "ガッキュウ", "パブロ", "ヴィトン", "サトー ハナコ"])
def test_narrow_kana_widen_to_what_they_were(text: str):
    assert unicodedata.normalize("NFKC", noise.half_kana(text)) == text


def test_the_first_day_of_an_era_is_its_first_year():
    written = {noise.birthdate(random.Random(seed), date(1989, 1, 8)) for seed in range(200)}
    assert {"平成元年1月8日", "H1.1.8", "1989-01-08", "19890108"} <= written
    assert not any("昭和" in day or day.startswith("S") for day in written)


def test_the_orders_are_the_published_file():
    orders = pq.ParquetFile(SHOP / "data" / "orders.parquet")
    assert orders.metadata.num_rows == 541_909
    names = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    assert orders.schema_arrow.names == names


def test_the_project_is_valid_and_never_reads_the_truth():
    config = load_config(SHOP)
    assert not any("truth" in path.read_text(encoding="utf-8") for path in SHOP.glob("*/*.yaml"))
    assert all(sync.exclude == ("ad_exclusion",) for sync in config.syncs.values() if "ads" in sync.destination)
