"""Which municipality an address lies in, though it may leave out the prefecture, the 郡 or the ward."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from kumitate.cleanse.addresses.master import City, master
from kumitate.cleanse.addresses.towns import Text, known_town

_FORMER = re.compile(r"(?:[^0-9 ]{1,5}郡)?(?=([^0-9 ]{1,7}?[町村]))")


class Found(NamedTuple):
    """`city` is None where several of the name remain, or only the prefecture is told; `end` is where it ends.

    `is_only` says that no other has the name: then nothing behind it was looked at.
    """

    prefecture: str
    name: str
    end: int
    city: City | None
    notes: tuple[str, ...] = ()
    is_only: bool = False


def municipality(text: Text, at: int) -> Found | None:
    """None where none can be made out."""
    prefecture, start = prefecture_at(text.folded, at)
    names = master().within[prefecture] if prefecture else master().anywhere
    found = names.longest(text.folded, start)
    if found is None:
        return _otherwise(text, prefecture, start)
    cities, end = found
    city = cities[0] if len(cities) == 1 else _chosen(cities, text, (start, end))
    notes = () if prefecture else ("prefecture_added",)
    if city is not None:
        return Found(city.prefecture, city.name, end, city, notes, len(cities) == 1)
    return _undecided(cities, text.plain[start:end], end)


def prefecture_at(folded: str, at: int) -> tuple[str, int]:
    """One of the 47 by its name, or by its reading; empty where none stands there."""
    for length in (3, 4):
        prefecture = master().prefectures.get(folded[at : at + length])
        if prefecture is not None:
            return prefecture, _after_blank(folded, at + length)
    read = master().prefecture_readings.longest(folded, at) if "ァ" <= folded[at : at + 1] <= "ヺ" else None
    return (read[0], _after_blank(folded, read[1])) if read else ("", at)


def _after_blank(folded: str, at: int) -> int:
    return at + 1 if folded[at : at + 1] == " " else at


def _chosen(cities: Iterable[City], text: Text, place: tuple[int, int]) -> City | None:
    """The one of the postal code; else the one that alone has the town that follows."""
    start, end = place
    spelt = [city for city in cities if text.plain[start:end] in city.name]
    cities = spelt or list(cities)
    coded = master().city_of(text.code) if text.code is not None else None
    if coded in cities:
        return coded
    if len(cities) == 1:
        return cities[0]
    ends = {city: town.end for city in cities if (town := known_town(text, end, city))}
    best = [city for city, at in ends.items() if at == max(ends.values())]
    return best[0] if len(best) == 1 else None


def _undecided(cities: tuple[City, ...], written: str, end: int) -> Found:
    """A city without its ward is known as far as it goes; of towns alike in two prefectures neither is taken."""
    if len({city.prefecture for city in cities}) > 1:
        return Found("", written, end, None, ("prefecture_unsure",))
    return Found(cities[0].prefecture, written, end, None, ("city_unsure",))


def _otherwise(text: Text, prefecture: str, start: int) -> Found | None:
    if prefecture and start == len(text.folded):
        return Found(prefecture, "", start, None)
    return _by_code(text, prefecture, start) or _former(text, prefecture, start) or _bare(text, start)


def _by_code(text: Text, prefecture: str, start: int) -> Found | None:
    """`〒102-0094 紀尾井町1-3`: the code tells the municipality if that has the town."""
    city = master().city_of(text.code) if text.code is not None else None
    if city is None or (prefecture and city.prefecture != prefecture) or not known_town(text, start, city):
        return None
    return Found(city.prefecture, city.name, start, city, ("prefecture_added",))


def _former(text: Text, prefecture: str, start: int) -> Found | None:
    """`伊達郡保原町字宮下` is 保原町宮下 of today's 伊達市, the only municipality of the prefecture that has it."""
    found = _FORMER.match(text.folded, start) if prefecture else None
    if found is None:
        return None
    cities = [city for city in master().with_towns_of(prefecture, found[1]) if known_town(text, found.end(), city)]
    if len(cities) != 1:
        return None
    return Found(prefecture, cities[0].name, found.end(), cities[0], ("former_municipality",))


def _bare(text: Text, start: int) -> Found | None:
    """`東京千代田区`: the prefecture without its last character, before a municipality of it."""
    prefecture = master().bare_prefectures.get(text.folded[start : start + 2])
    length = 2
    if prefecture is None:
        prefecture, length = master().bare_prefectures.get(text.folded[start : start + 3]), 3
    if prefecture is None:
        return None
    begin = _after_blank(text.folded, start + length)
    found = master().within[prefecture].longest(text.folded, begin)
    if found is None:
        return None
    city = found[0][0] if len(found[0]) == 1 else _chosen(found[0], text, (begin, found[1]))
    return Found(prefecture, city.name, found[1], city) if city else None
