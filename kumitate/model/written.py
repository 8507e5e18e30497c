"""Rows of values as the JSON they lie in: read when somebody asks for a value, all of a page in one go."""

from __future__ import annotations

import json
from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any


class _Page:
    """JSON objects, one a row; one call reads them all, which takes half the time of one call a row."""

    __slots__ = ("_rows", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._rows: list[dict[str, Any]] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        if self._rows is None:
            self._rows = json.loads(f"[{','.join(self.texts)}]")
        return self._rows


class Written(Mapping[str, Any]):
    """One row's values by name; `text` is the JSON object that holds them, for whoever passes it on as it is."""

    __slots__ = ("_page", "_place")

    def __init__(self, page: _Page, place: int) -> None:
        self._page = page
        self._place = place

    @property
    def text(self) -> str:
        return self._page.texts[self._place]

    @property
    def read(self) -> dict[str, Any]:
        return self._page.rows[self._place]

    def __getitem__(self, name: str) -> Any:
        return self.read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.read)

    def __len__(self) -> int:
        return len(self.read)

    def __contains__(self, name: object) -> bool:
        return name in self.read

    def keys(self) -> KeysView[str]:
        return self.read.keys()

    def values(self) -> ValuesView[Any]:
        return self.read.values()

    def items(self) -> ItemsView[str, Any]:
        return self.read.items()

    def get(self, name: str, default: Any = None) -> Any:
        return self.read.get(name, default)

    def __repr__(self) -> str:
        return "Written(…)"  # may be personal


def written(texts: Sequence[str]) -> list[Written]:
    """A JSON object a row, as values that nobody has read yet."""
    page = _Page(texts)
    return [Written(page, place) for place in range(len(texts))]
