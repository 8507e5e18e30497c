"""Words that stand where a value should and say that there is none; as values they would be one for everybody."""

from __future__ import annotations

from collections.abc import Mapping

_JAPANESE = "不明 なし 無し ナシ 未登録 未入力 未設定 未定 該当なし 記載なし"
_OF_PROGRAMS = "n/a #n/a undefined unknown"
_OF_NUMBERS = "null (null) none nil nan #ref! #value! - -- --- ? ??"
_OF_DEVICES = "00000000-0000-0000-0000-000000000000"
"""The advertising id of each iPhone whose owner allows none (Apple, `ASIdentifierManager.advertisingIdentifier`)."""


def _written(words: str) -> frozenset[str]:
    """As they are, and in capitals: `n/a`, `N/A`, `Unknown`."""
    return frozenset(form for word in words.split() for form in (word, word.upper(), word.capitalize()))


_OF_PEOPLE = _written(f"{_JAPANESE} {_OF_PROGRAMS} 氏名不明 名前なし")
"""People are called Null and Nan."""

SAYS_NONE: Mapping[str, frozenset[str]] = {
    "id": _written(f"{_JAPANESE} {_OF_PROGRAMS} {_OF_NUMBERS} {_OF_DEVICES}"),
    "name": _OF_PEOPLE,
    "kana": _OF_PEOPLE,
    "company": _written(f"{_JAPANESE} {_OF_PROGRAMS} null none nil"),
}
"""Per semantic type (`config.source.Semantic`) the cleansed values that say it.

Types that are not here refuse such words anyway, or keep them as text.
"""
