"""Whatever stands in the files, the answer is a project or its problems, never a crash."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.config.yaml_lines import read_yaml
from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parents[1] / "projects" / "tea_shop"
FILES = sorted(path.relative_to(TEA_SHOP).as_posix() for path in TEA_SHOP.rglob("*.*") if path.is_file())
PIECES = [
    "",
    "x",
    "'",
    '"',
    "\t",
    "\n",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "- ",
    "!!x",
    "&a ",
    "*a",
    "|",
    "0",
    "null",
    "é",
    "\x00",
    "\ufeff",
]
PIECES += ["{}", "[]", "true", "1.5", "2011-12-10", "all: []", "when: {}", "{segment: vips}", "select", "{{", "person"]


@given(st.binary(max_size=200) | st.text(alphabet="abc:-[]{}&*!|>'\"#%@\n\t 0.", max_size=200).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_yaml_or_a_problem(content: bytes) -> None:
    document = read_yaml(content, "x.yaml")
    assert all(problem.line >= 1 for problem in document.problems)


@given(file=st.sampled_from(FILES), place=st.floats(0, 1), length=st.integers(0, 12), piece=st.sampled_from(PIECES))
@settings(max_examples=60, deadline=None)
def test_any_slip_of_the_hand_is_told_in_plain_words(file: str, place: float, length: int, piece: str) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "shop"
        shutil.copytree(TEA_SHOP, root)
        text = (root / file).read_text(encoding="utf-8")
        at = int(place * len(text))
        (root / file).write_text(text[:at] + piece + text[at + length :], encoding="utf-8")
        _is_told_in_plain_words(root)


@pytest.mark.slow
@given(
    file=st.sampled_from([file for file in FILES if file.endswith(".yaml")]),
    data=st.data(),
    value=st.sampled_from([None, True, 5, "x", "", [], [1], [[]], {}, {"x": 1}, {"segment": "vips"}, [{"trait": 1}]]),
)
@settings(max_examples=40, deadline=None)
def test_any_value_in_the_wrong_place_is_told_in_plain_words(file: str, data: st.DataObject, value: object) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "shop"
        shutil.copytree(TEA_SHOP, root)
        document = read_yaml((root / file).read_bytes(), file)
        *above, key = data.draw(st.sampled_from([path for path in document.lines if path]))
        parent = document.value
        for step in above:
            parent = parent[step]
        parent[key] = value
        (root / file).write_text(json.dumps(document.value, default=str), encoding="utf-8")
        _is_told_in_plain_words(root)


def _is_told_in_plain_words(root: Path) -> None:
    try:
        open_project(root)
    except ConfigError as error:
        told = str(error)
        assert "pydantic" not in told
        assert "Input should" not in told
        assert "<class" not in told
        assert "unread" not in told
