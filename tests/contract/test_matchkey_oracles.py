"""Match keys against others' published vectors and normalisers (where those are beside the project or installed)."""

import csv
import gzip
import hashlib
import importlib.util
import io
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.activation.matchkeys import (
    AMAZON_ADS_V1,
    GOOGLE_DATA_MANAGER_V1,
    META_CONVERSIONS_V26,
    META_V26,
    match_keys,
    readable_keys,
)

DATA = Path(os.environ.get("KUMITATE_ORACLES", Path(__file__).parents[3] / "shared/data"))


def unpacked(name: str) -> str:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the project (KUMITATE_ORACLES names the folder)")
    return gzip.decompress(path.read_bytes()).decode()


def test_a_thousand_japanese_addresses_and_postal_codes_hash_as_amazons_uploader_hashes_them() -> None:
    raw: list[dict[str, Any]] = json.loads(unpacked("pii_hash_amc/jp_raw.json.gz"))
    expected: list[dict[str, Any]] = json.loads(unpacked("pii_hash_amc/jp_check.json.gz"))
    for row, hashed in zip(raw, expected, strict=True):
        keys = match_keys(META_V26, {"email": row["email"], "postal_code": row["zip"]}, country="JP").values
        assert keys["email"] == hashed["email"]
        assert keys["postal_code"] == hashed["zip"]


@pytest.mark.slow
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


NOTHING = hashlib.sha256(b"").hexdigest()
NAMED = {
    "email": "email",
    "phone": "phone",
    "given_name": "first_name",
    "family_name": "last_name",
    "city": "city",
    "postal_code": "zip",
}


@pytest.mark.slow
@pytest.mark.parametrize(("file", "country"), [("jp", "JP"), ("us", "US")])
def test_amazons_uploader_hashes_a_thousand_people_as_we_do(file: str, country: str) -> None:
    """But where its own answer is the hash of nothing, or a national number without a country code: we send none."""
    raw: list[dict[str, Any]] = json.loads(unpacked(f"pii_hash_amc/{file}_raw.json.gz"))
    expected: list[dict[str, Any]] = json.loads(unpacked(f"pii_hash_amc/{file}_check.json.gz"))
    same = 0
    for row, hashed in zip(raw, expected, strict=True):
        fields = {ours: row[theirs] for ours, theirs in NAMED.items()}
        keys = match_keys(AMAZON_ADS_V1, fields, country=country).values
        assert NOTHING not in keys.values()
        for ours in keys.keys() - {"phone"}:
            assert keys[ours] == hashed[NAMED[ours]], (ours, row["id"])
            same += 1
    assert same > 4_900


def alone(package: str, file: str) -> ModuleType:
    """One module of an installed package, without the rest of it."""
    try:
        found = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        found = None
    places = [Path(place) / file for place in (found.submodule_search_locations or ())] if found else []
    spec = importlib.util.spec_from_file_location(f"oracle_{Path(file).stem}", places[0]) if places else None
    if spec is None or spec.loader is None:
        pytest.skip(f"{package} is not installed")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        pytest.skip(f"{package} needs {error.name}")
    return module


LOCAL = st.from_regex(r"\A[A-Za-z0-9]([A-Za-z0-9.+_-]{0,10}[A-Za-z0-9])?\Z")
ADDRESSES = st.builds("{}@{}".format, LOCAL, st.sampled_from(["Example.com", "gmail.com", "GoogleMail.com", "a.co.jp"]))
NAMES = st.from_regex(r"\A[A-Za-z]{1,8}( [A-Za-z]{3,8})?\Z").filter(lambda name: "(" not in name)


@settings(max_examples=100, deadline=None)
@given(ADDRESSES, NAMES)
def test_googles_own_normaliser_agrees_on_addresses_and_names(address: str, name: str) -> None:
    theirs = alone("google.ads.datamanager_util", "format.py").Formatter()
    keys = readable_keys(GOOGLE_DATA_MANAGER_V1, {"email": address, "family_name": f"x{name}"}, country="US")
    assert keys.dropped == {} or keys.dropped.keys() == {"email"}
    if "email" in keys.values:
        assert keys.values["email"] == theirs.format_email_address(address)
    assert keys.values["family_name"] == theirs.format_family_name(f"x{name}")


@settings(max_examples=100, deadline=None)
@given(ADDRESSES, st.from_regex(r"\A[A-Za-z]{2,9}( [A-Za-z]{2,9})?\Z"))
def test_metas_own_normaliser_agrees_where_it_keeps_what_it_is_given(address: str, city: str) -> None:
    """Not on Japanese phones: it drops the leading zero without a country code."""
    theirs = alone("facebook_business.adobjects.serverside", "normalize.py").Normalize
    keys = match_keys(META_CONVERSIONS_V26, {"email": address, "city": city, "country": "JP"}, country="JP")
    for ours, name in (("email", "em"), ("city", "ct"), ("country", "country")):
        given_ = {"email": address, "city": city, "country": "JP"}[ours]
        if ours in keys.values:
            assert keys.values[ours] == theirs.normalize(name, given_, True)
