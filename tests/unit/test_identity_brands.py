"""A brand's view holds whom its sources know, by what they say."""

from __future__ import annotations

from datetime import datetime

import pytest

from harness.people import PERSON, People, card, member, project, visit
from kumitate.blueprint.views import views

ATTRIBUTES = {"given_name": {"policy": "source_priority", "sources": ["cards", "members"]}, "city": {}, "page": {}}
BRANDS = {"ec": {"sources": ["members", "visits"]}, "shop": {"sources": ["cards"]}}
PHONE = {"phone": "+81312345678"}


def people() -> People:
    config = project(PERSON | {"attributes": ATTRIBUTES, "brands": BRANDS})
    return People(config).resolve(
        members=[member("1", **PHONE, given_name="タロウ", city="Nara"), member("2", given_name="花子")],
        cards=[card("7", **PHONE, given_name="タロウ"), card("8", given_name="次郎")],
        visits=[visit("d", "2", page="/a", at=datetime(2026, 2, 1))],
    )


def view(found: People, brand: str) -> dict[str, tuple[object, ...]]:
    """Person -> records, sources and golden values, as the brand knows them."""
    columns = "person_id, records, sources, given_name, city, page"
    rows = found.lake.rows(f"select {columns} from curated.brand_profiles where brand = '{brand}'")
    return {str(row[0]): row[1:] for row in rows}


@pytest.mark.slow
def test_a_brand_knows_only_whom_its_sources_know() -> None:
    found = people()
    assert view(found, "ec").keys() == {found.person_of("members/1"), found.person_of("members/2")}
    assert view(found, "shop").keys() == {found.person_of("cards/7"), found.person_of("cards/8")}
    assert found.person_of("members/1") == found.person_of("cards/7")


@pytest.mark.slow
def test_a_brand_knows_of_a_person_only_what_its_sources_say() -> None:
    found = people()
    assert view(found, "shop")[found.person_of("cards/7")] == (1, ["cards"], "タロウ", None, None)
    assert view(found, "ec")[found.person_of("members/1")] == (1, ["members"], "タロウ", "Nara", None)
    assert view(found, "ec")[found.person_of("members/2")] == (2, ["members", "visits"], "花子", None, "/a")
    assert found.golden("cards/7")["sources"] == ["cards", "members"]


@pytest.mark.slow
def test_a_project_without_brands_has_no_brand_views() -> None:
    tables = {str(step) for step in People().resolve(members=[member("1")]).lake._tables}
    assert "curated.brand_profiles" not in tables


def test_a_view_per_brand_shows_its_persons_without_who_they_are() -> None:
    found = people()
    shown = {view.name: view for view in views(found.config) if view.name.startswith("brand_")}
    assert shown.keys() == {"brand_ec_profiles", "brand_shop_profiles"}
    rows = found.lake.query(shown["brand_ec_profiles"].sql)
    assert rows.column_names == ["person_id", "records", "sources", "city", "page"]
    assert rows.num_rows == 2
    assert "traits" not in shown["brand_ec_profiles"].sql
