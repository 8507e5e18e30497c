"""What the docs point at exists: files, headings, make targets, dependencies."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/*.md")],
    key=lambda path: str(path),
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<(?:img|source)[^>]+src(?:set)?=\"([^\"]+)\"")
MAKE = re.compile(r"(?:`|^|\$ )make ([a-z][a-z-]*)", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def problem(page: Path, link: str) -> str | None:
    """What is wrong with a link, if anything; other sites are not asked."""
    if re.match(r"[a-z]+:", link):
        return None
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return f"{link}: no such file"
    if anchor and anchor not in anchors(target):
        return f"{link}: no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = [first or second for first, second in LINK.findall(page.read_text(encoding="utf-8"))]
    assert [found for link in links if (found := problem(page, link))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_in_the_docs_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(MAKE.findall(page.read_text(encoding="utf-8"))) - targets == set()


def test_every_dependency_has_its_reason_and_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [name for extra, names in project["optional-dependencies"].items() if extra != "dev" for name in names]
    named = {re.split(r"[\[<>=]", dependency)[0] for dependency in (*project["dependencies"], *optional)}
    decision = (ROOT / "docs/decisions/0001-dependencies.md").read_text(encoding="utf-8")
    assert {name for name in named if not re.search(rf"\b{re.escape(name)}\b", decision)} == set()
    rows = re.findall(r"^\| ([a-z0-9-]+)[^|]*\|[^|]+\|([^|]+)\|$", decision, re.MULTILINE)
    assert {name for name, licence in rows if name != "package" and not licence.strip()} == set()
    assert {re.split(r"[\[<>=]", dependency)[0] for dependency in project["dependencies"]} == {
        name for name, _ in rows if name != "package"
    }
