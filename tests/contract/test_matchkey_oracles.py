"""Match keys against others' published vectors (where those lie beside the project)."""

import csv
import gzip
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from kumitate.activation.matchkeys import GOOGLE_DATA_MANAGER_V1, META_V26, match_keys

DATA = Path(os.environ.get("KUMITATE_ORACLES", Path(__file__).parents[3] / "shared/data"))


def unpacked(name: str) -> str:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the project (KUMITATE_ORACLES names the folder)")
    return gzip.decompress(path.read_bytes()).decode()


def test_a_thousand_japanese_addresses_and_postal_codes_hash_as_amazons_uploader_hashes_them() -> None:
    raw: list[dict[str, Any]] = json.loads(unpacked("pii_hash_amc/jp_raw.json.gz"))
    expected: list[dict[str, Any]] = json.loads(unpacked("pii_hash_amc/jp_check.json.gz"))
    for given, hashed in zip(raw, expected, strict=True):
        keys = match_keys(META_V26, {"email": given["email"], "postal_code": given["zip"]}, country="JP").values
        assert keys["email"] == hashed["email"]
        assert keys["postal_code"] == hashed["zip"]


def test_the_example_number_of_every_region_is_its_international_form() -> None:
    rows = list(csv.DictReader(io.StringIO(unpacked("phone_libphonenumber/example_numbers.csv.gz"))))
    checked = 0
    for row in rows:
        if row["valid"] != "True":
            continue
        expected = hashlib.sha256(row["e164"].encode()).hexdigest()
        keys = match_keys(GOOGLE_DATA_MANAGER_V1, {"phone": row["national"]}, country=row["region"]).values
        assert keys["phone"] == expected, (row["region"], row["type"])
        checked += 1
    assert checked > 1_000
