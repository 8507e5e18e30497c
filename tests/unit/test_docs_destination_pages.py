"""Every destination has a page that names all its settings, and says how a person is erased."""

from pathlib import Path

import pytest

from kumitate.activation.destinations.registry import REGISTRY, destination_class, vendor_of

PAGES = Path(__file__).parents[2] / "docs/destinations"
GIVEN = frozenset({"sync", "mode"})
"""What a destination learns of its sync; nobody sets it."""


def page(type_: str) -> str:
    """The type's own page; for an object of a vendor the vendor's page as well."""
    pages = [PAGES / f"{name}.md" for name in dict.fromkeys((type_, vendor_of(type_)))]
    return "\n".join(path.read_text(encoding="utf-8") for path in pages if path.is_file())


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_a_page_names_every_setting_of_its_destination(type_: str) -> None:
    fields = destination_class(type_).model_fields
    names = {field.alias or name for name, field in fields.items()} - GIVEN
    text = page(type_)
    assert text, f"write docs/destinations/{type_}.md"
    assert sorted(name for name in names if name not in text) == []


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_a_page_says_how_a_person_is_erased(type_: str) -> None:
    assert "eras" in page(type_).lower()
