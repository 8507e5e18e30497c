"""Every destination has a page that names all its settings, and says how a person is erased."""

from pathlib import Path

import pytest

from kumitate.activation.destinations.registry import REGISTRY, destination_class, vendor_of
from kumitate.activation.destinations.talk import erases
from kumitate.execution.destination_types import every_type

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


def test_the_page_that_the_command_names_is_there() -> None:
    assert [each["docs"] for each in every_type() if not (PAGES / Path(each["docs"]).name).is_file()] == []


def test_the_table_of_destinations_says_of_each_how_a_person_is_erased() -> None:
    rows = (PAGES / "README.md").read_text(encoding="utf-8").splitlines()
    for type_ in (path.stem for path in sorted(PAGES.glob("*.md")) if path.stem != "README"):
        (row,) = (row for row in rows if f"| `{type_}` |" in row)
        assert row.rstrip(" |").endswith("by call" if erases(destination_class(type_)) else "by hand"), type_
