"""Both READMEs tell the same; their pictures are there and small."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TYPED = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCREENSHOT_BYTES = 300_000


def commands(name: str) -> list[str]:
    """What is typed, without comments."""
    typed = "\n".join(TYPED.findall((ROOT / name).read_text(encoding="utf-8")))
    return [re.sub(r"\s+#.*", "", line) for line in typed.splitlines() if not line.startswith("#")]


def test_the_japanese_readme_has_the_same_commands() -> None:
    assert commands("README.md")
    assert commands("README.ja.md") == commands("README.md")


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_readme_begins_with_two_commands(name: str) -> None:
    assert commands(name)[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/images").glob("*.png")), ids=lambda path: path.name)
def test_screenshots_stay_small(picture: Path) -> None:
    assert picture.stat().st_size <= SCREENSHOT_BYTES
