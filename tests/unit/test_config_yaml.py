"""YAML is read with the line of every key; what YAML 1.1 would guess stays text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kumitate.config.yaml_lines import read_yaml


@pytest.mark.parametrize("text", ["no", "on", "yes", "NO", "off", "0600000", "1_000", "0x1f", "12:30", "2011-13-45"])
def test_what_looks_like_a_word_or_a_code_stays_text(text: str) -> None:
    assert read_yaml(f"a: {text}".encode(), "x.yaml").value == {"a": text}


def test_plain_scalars_become_values() -> None:
    text = b"[1, -2, 1.50, true, null, ~, 2011-12-10, 2011-12-10T09:00:00Z, '1', \"true\"]"
    noon = datetime(2011, 12, 10, 9, tzinfo=UTC)
    values = [1, -2, Decimal("1.50"), True, None, None, date(2011, 12, 10), noon, "1", "true"]
    assert read_yaml(text, "x.yaml").value == values


def test_every_key_and_item_knows_its_line() -> None:
    document = read_yaml(b"a:\n  b: 1\n  c:\n    - x\n    - y: 2\n", "x.yaml")
    assert document.lines[("a", "b")] == 2
    assert document.lines[("a", "c", 1, "y")] == 5


def test_a_block_of_text_begins_below_its_key() -> None:
    document = read_yaml(b"a:\n  sql: |\n    select 1\n", "x.yaml")
    assert document.lines[("a", "sql")] == 2
    assert document.text_lines[("a", "sql")] == 3


def test_an_anchor_is_used_twice() -> None:
    assert read_yaml(b"a: &x {b: 1}\nc: *x\n", "x.yaml").value == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_byte_order_mark_is_no_content() -> None:
    assert read_yaml("\ufeffa: 1".encode(), "x.yaml").value == {"a": 1}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: 1\na: 2\n", "x.yaml:2 a: the key stands here twice; first in line 1"),
        (b"a:\n\tb: 1\n", "x.yaml:2: a tab stands here; YAML is indented with spaces"),
        (b"a: 1\nb: [1\nc: 2\n", "x.yaml:3: this is no YAML: "),
        (b"a: 1\nb: [1\n\nc: 2\n", "x.yaml:4: this is no YAML: while parsing a flow sequence did not find"),
        (
            b"b: 'x\n",
            "x.yaml:2: this is no YAML: while scanning a quoted scalar found unexpected end of stream (begun in",
        ),
        (b"a: 1\nb: \xff\n", "x.yaml:2: not UTF-8; save the file as UTF-8"),
        (b"a: 1\nb: \x00\n", "x.yaml:2: a control character stands here; remove it"),
        (b"a: &x [*x]\n", "x.yaml:1 a[0]: an alias that contains itself"),
        (b"a: 1\nb: !!python/object:x {}\n", "x.yaml:2 b: tags such as tag:yaml.org,2002:python/object:x"),
        (b"a: 1\n---\nb: 2\n", "x.yaml:2: this is no YAML: "),
        (b"[" * 5000 + b"]" * 5000, "x.yaml:1: nested too deeply to be read"),
        (b"? [a, b]\n: 1\n", "x.yaml:1: a key is plain text"),
    ],
)
def test_broken_yaml_is_a_problem_with_its_line(content: bytes, problem: str) -> None:
    (found,) = read_yaml(content, "x.yaml").problems
    assert str(found).startswith(problem)


@pytest.mark.slow
def test_a_bomb_of_aliases_is_refused_before_it_goes_off() -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    problems = read_yaml("\n".join(layers).encode(), "x.yaml").problems
    assert [problem.what for problem in problems] == ["the file is too large; split it"]
