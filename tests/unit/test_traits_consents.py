"""Consent is what a person said last, and no where they said both."""

from typing import Any

from harness.shoppers import RUN, SOURCES, ago, lake, people, project, row
from kumitate.profiles.stage import PROFILES

Row = dict[str, Any]


def word(person: str, granted: bool | None, days: float | None, **about: object) -> Row:
    at = None if days is None else ago(days=days)
    return row(person, **{"purpose": "news", "channel": "email", "granted": granted, "at": at, **about})


def consents(*words: Row) -> dict[tuple[str, str, str], bool]:
    config = project()
    made = lake(config, people("p", "q"), words=words)
    made.run(PROFILES, config, RUN)
    rows = made.table("curated.consents").to_pylist()
    assert len({(one["person_id"], one["purpose"], one["channel"]) for one in rows}) == len(rows)
    return {(one["person_id"], one["purpose"], one["channel"]): one["granted"] for one in rows}


NEWS = ("p", "news", "email")


def test_the_newest_word_holds() -> None:
    assert consents(word("p", True, 3), word("p", False, 2), word("p", True, 1)) == {NEWS: True}
    assert consents(word("p", True, 3), word("p", False, 2)) == {NEWS: False}


def test_of_two_words_at_the_same_time_no_wins() -> None:
    assert consents(word("p", False, 1), word("p", True, 1)) == {NEWS: False}
    assert consents(word("p", True, 1), word("p", False, 1)) == {NEWS: False}


def test_a_word_from_after_the_clock_is_not_heard_yet() -> None:
    assert consents(word("p", True, 3), word("p", False, -1)) == {NEWS: True}


def test_a_word_that_says_neither_counts_as_no() -> None:
    assert consents(word("p", True, 3), word("p", None, 2)) == {NEWS: False}


def test_a_word_without_a_time_is_older_than_any_other() -> None:
    assert consents(word("p", False, None), word("p", True, 300)) == {NEWS: True}


def test_people_purposes_and_channels_are_apart() -> None:
    words = (
        word("p", True, 1),
        word("p", False, 1, channel="sms"),
        word("p", True, 1, purpose="ads"),
        word("q", False, 1),
    )
    assert consents(*words) == {
        NEWS: True, ("p", "news", "sms"): False, ("p", "ads", "email"): True, ("q", "news", "email"): False,
    }  # fmt: skip


def test_a_word_about_nothing_is_no_consent() -> None:
    assert consents(word("p", True, 1, purpose=None), word("p", True, 1, channel=None)) == {}


def test_consents_end_with_the_source_that_said_them() -> None:
    config = project()
    made = lake(config, people("p"), words=[word("p", True, 1)])
    made.run(PROFILES, config, RUN)
    assert made.table("curated.consents").num_rows == 1
    silent = config.model_copy(update={"settings": config.settings.model_copy(update={"consent": None})})
    made.run(PROFILES, silent, RUN)
    assert made.table("curated.consents").num_rows == 0


def brand_words(*words: Row) -> dict[str | None, bool]:
    """What p's words come to, by brand."""
    source = {**SOURCES["words"], "columns": {**SOURCES["words"]["columns"], "brand": {}}}
    config = project(
        settings={"project": "shoppers", "consent": {"source": "words", "brand": "brand"}},
        sources={**SOURCES, "words": source},
    )
    made = lake(config, people("p"), words=words)
    made.run(PROFILES, config, RUN)
    return {one["brand"]: one["granted"] for one in made.table("curated.consents").to_pylist()}


def test_a_refusal_of_every_brand_holds_until_a_brands_own_newer_word() -> None:
    assert brand_words(word("p", True, 2, brand="tea"), word("p", False, 1, brand=None)) == {"tea": False, None: False}
    assert brand_words(word("p", False, 2, brand=None), word("p", True, 1, brand="tea")) == {"tea": True, None: False}
    assert brand_words(word("p", False, 2, brand="rice"), word("p", True, 1, brand="tea")) == {
        "tea": True, "rice": False,
    }  # fmt: skip


def test_a_refusal_of_every_brand_without_a_time_gives_way_to_words_that_have_one() -> None:
    undated = word("p", False, None, brand=None)
    assert brand_words(undated, word("p", True, None, brand="tea")) == {"tea": False, None: False}
    assert brand_words(undated, word("p", True, 900, brand="tea")) == {"tea": True, None: False}
