"""Reads YAML into plain values and remembers the line of every key and list item."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import yaml

from kumitate.config.findings import KeyPath, key_text
from kumitate.errors import Problem

_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_MAX_NODES = 200_000
_Composer = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def _moment(text: str) -> datetime | date | str:
    try:
        return datetime.fromisoformat(text) if len(text) > len("2011-12-10") else date.fromisoformat(text)
    except ValueError:
        return text


# `no`, `on` and `0123` stay text: a country, a word and a postal code are no booleans and no numbers.
_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?(0|[1-9][0-9]*)"), int),
    (re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?"), Decimal),
    (re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s?(Z|[-+]\d{2}:?\d{2})?)?"), _moment),
)


@dataclass
class Document:
    """A file's value, the line of each part of it, and what is wrong with its YAML."""

    file: str
    value: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    text_lines: dict[KeyPath, int] = field(default_factory=dict)
    """The first line of each scalar's own text (a block scalar starts below its key)."""
    problems: list[Problem] = field(default_factory=list)

    def complain(self, line: int, what: str, path: KeyPath = ()) -> None:
        self.problems.append(Problem(self.file, line, key_text(path), what))


def read_yaml(content: bytes, file: str) -> Document:
    """`read_yaml(b"a: {b: 1}", "x.yaml").lines[("a", "b")]` is 1; broken YAML is a problem with its line."""
    document = Document(file)
    try:
        text = content.decode("utf-8-sig")
        root = yaml.compose(text, _Composer)
        if root is not None:
            document.value = _Builder(document).build(root, ())
    except RecursionError:
        document.complain(1, "nested too deeply to be read")
    except UnicodeDecodeError as error:
        document.complain(content[: error.start].count(b"\n") + 1, "not UTF-8; save the file as UTF-8")
    except yaml.reader.ReaderError as error:
        document.complain(text.count("\n", 0, error.position) + 1, "a control character stands here; remove it")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.complain(mark.line + 1 if mark else 1, _plain_words(error, text, mark))
    return document


def _plain_words(error: yaml.MarkedYAMLError, text: str, mark: yaml.Mark | None) -> str:
    lines = text.splitlines()
    if mark and mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]:
        return "a tab stands here; YAML is indented with spaces"
    said = " ".join(part for part in (error.context, error.problem) if part)
    begun = error.context_mark
    where = f" (begun in line {begun.line + 1})" if begun and mark and begun.line != mark.line else ""
    return f"this is no YAML: {said}{where}; look for a bracket, quote or colon that is missing, or an indent"


class _Builder:
    """Turns YAML nodes into values; aliases are expanded, a loop of aliases is a problem."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._open: set[int] = set()
        self._nodes = 0

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            return None
        what = self._refused(node)
        if what:
            self._document.complain(node.start_mark.line + 1, what, path)
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        value = self._sequence(node, path) if isinstance(node, yaml.SequenceNode) else self._mapping(node, path)
        self._open.discard(id(node))
        return value

    def _refused(self, node: yaml.Node) -> str:
        if id(node) in self._open:
            return "an alias that contains itself"
        if node.tag not in _TAGS:
            return f"tags such as {node.tag} are not used here; remove it"
        return "the file is too large; split it" if self._nodes == _MAX_NODES else ""

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        self._document.text_lines[path] = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
        text: str = node.value
        if not node.style:  # neither quoted nor a block
            for pattern, read in _PLAIN:
                if pattern.fullmatch(text):
                    return read(text)
        return text

    def _sequence(self, node: yaml.SequenceNode, path: KeyPath) -> list[Any]:
        return [self.build(item, (*path, place)) for place, item in enumerate(node.value)]

    def _mapping(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, item in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._document.complain(line, "a key is plain text", path)
                continue
            below = (*path, key.value)
            if key.value in value:
                first = self._document.lines[below]
                self._document.complain(line, f"the key stands here twice; first in line {first}", below)
                continue
            self._document.lines[below] = line
            value[key.value] = self.build(item, below)
        return value
