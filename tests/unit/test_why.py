"""Paths of evidence, and the words they are told in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kumitate.identity.why import Explanation, HeldBack, Likeness, Step, Tie, common_value, masked, shortest_path
from kumitate.identity.words import sentences

TIES = [Tie("a", "b", "email"), Tie("b", "c", "phone"), Tie("a", "d", "email"), Tie("d", "e", "x"), Tie("e", "c", "x")]


def test_who_state_the_same_value_are_one_step_apart_whomever_the_graph_ties_them_to() -> None:
    phone, mail, other = (("phone", None, value) for value in ("1", "2", "1"))
    ties = [Tie("hub", "a", *phone), Tie("hub", "b", *phone), Tie("b", "c", *mail), Tie("x", "y", *other)]
    path = shortest_path(ties, ["a"], ["c"])
    assert [(each.left, each.right, each.value) for each in path] == [("a", "b", "1"), ("b", "c", "2")]
    assert shortest_path(ties, ["a"], ["y"]) == (), "a value that was not used between them is no tie"
    assert "1" not in repr(path[0]), "a value is not shown by accident"


def test_the_shortest_path_is_told_from_the_first_name_to_the_second() -> None:
    path = shortest_path(TIES, ["c"], ["a"])
    assert [(tie.left, tie.right, tie.rule) for tie in path] == [("c", "b", "phone"), ("b", "a", "email")]


def test_a_stewards_decision_goes_before_a_value() -> None:
    path = shortest_path([Tie("a", "b", "email"), Tie("a", "b", "steward")], ["a"], ["b"])
    assert [tie.rule for tie in path] == ["steward"]


def test_there_is_no_path_where_nothing_ties() -> None:
    assert shortest_path(TIES, ["a"], ["z"]) == ()
    assert shortest_path(TIES, ["a"], ["a"]) == ()


def test_a_tie_is_told_by_the_value_that_both_state() -> None:
    stated = {"a": {"email": ["x@x.jp", "a@x.jp"]}, "b": {"email": ["a@x.jp", "b@x.jp"]}}
    assert common_value(stated, Tie("a", "b", "email")) == "a@x.jp"
    assert common_value({}, Tie("a", "b", "model")) == ""


ONE = Explanation("m/1", "m/9", "one_person", ("p1",))
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Step("m/1", "m/9", "email", "t@x.jp"), "m/1 and m/9 share email t@x.jp"),
        (Step("m/1", "m/9", "rule:r", "Ito + 1990", ("name", "born")), "m/1 and m/9 agree on name, born: Ito + 1990"),
        (Step("m/1", "m/9", "model", probability=0.9951), "m/1 and m/9 are alike, with a probability of 99.5%"),
        (
            Step("m/1", "m/9", "steward", author="Abe", reason="same card", at=AT),
            "m/1 and m/9 were made one by Abe at 2026-03-01: same card",
        ),
    ],
)
def test_each_kind_of_tie_has_its_sentence(step: Step, said: str) -> None:
    assert sentences(replace(ONE, path=(step,)))[1] == f"  1. {said}"


@pytest.mark.parametrize(
    "reason",
    ["blocked", "too_many_records", "shared_by:name", "found:name", "limit:email", "limit:steward", "limit:largest",
     "limit:model"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_reason_has_words(reason: str, language: str) -> None:
    told = Explanation("a", "b", "two_persons", ("p1", "p2"), held_back=(HeldBack("email", "t@x.jp", reason, 7),))
    line = sentences(told, "ja" if language == "ja" else "en")[1]
    assert "{" not in line
    assert "limit" not in line


def test_likeness_tells_from_where_people_merge() -> None:
    parts = (("name", "equal", 7.5), ("email", "missing on one side", 0.0))
    told = Explanation("a", "b", "two_persons", ("p1", "p2"), likeness=Likeness(0.9, 3.2, parts))
    assert sentences(told)[2].startswith("By the model they are one person with a probability of 90.0%; from 99%")
    assert sentences(told)[3:] == ("  name: equal (+7.5)",)


def test_an_id_that_was_merged_is_told_with_the_one_that_holds() -> None:
    told = replace(ONE, merged=(("p7", "p1"),))
    assert "p7 was merged into p1, which holds now." in sentences(told)


def test_masking_leaves_what_the_asker_named() -> None:
    told = masked(replace(ONE, path=(Step("m/1", "m/17", "rule:r", "Ito + 1990-01-02", ("a", "b")),)))
    assert (told.left, told.path[0].left, told.path[0].right) == ("m/1", "m/*", "m/1*")
    assert "Ito" not in told.path[0].value
