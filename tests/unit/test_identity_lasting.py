"""What a project's limits hold back, what is known of time, and whose an id is that went into another."""

from datetime import datetime, timedelta

import pytest

from harness.people import PERSON, People, card, member, project
from kumitate.config.identity import Entity
from kumitate.config.source import Semantic
from kumitate.identity.graph_rules import graph_rules, kind_names

pytestmark = pytest.mark.slow  # several runs each; tests/property holds the same of arrays

MAIL, PHONE = {"email": "a@x.jp"}, {"phone": "+81312345678"}


def test_a_unique_kind_keeps_two_apart_and_the_weaker_tie_waits_for_a_steward() -> None:
    kinds = {"member": {"unique": True}, "card": {}, "email": {}, "phone": {}, "device": {}}
    people = People(project(PERSON | {"identifiers": kinds})).resolve(
        members=[member("1", **PHONE), member("2", **PHONE)], cards=[card("7", **PHONE)]
    )
    assert len(people.groups()) == 3
    assert people.shared() == {("phone", PHONE["phone"]): "limit:member"}
    assert set(people.lake.rows("select left_record, right_record, probability from curated.review_queue")) == {
        ("cards/7", "members/1", None),
        ("cards/7", "members/2", None),
    }


def test_an_alias_leads_to_who_has_the_records_also_after_a_later_split() -> None:
    apart = [member("1", email="b@x.jp"), member("2", **MAIL), member("3", **MAIL)]
    people = People().resolve(members=apart[1:])
    younger = people.resolve(members=[*apart]).person_of("members/1")
    oldest = people.person_of("members/2")
    people.resolve(members=[member("1", **MAIL), *apart[1:]])
    assert people.lake.rows("select alias, person_id from curated.person_aliases") == [(younger, oldest)]
    now = people.resolve(members=apart).person_of("members/1")
    assert now not in (younger, oldest)
    assert people.lake.rows("select alias, person_id from curated.person_aliases") == [(younger, now)]


def test_an_alias_of_an_alias_leads_to_who_holds_in_one_step() -> None:
    values = [{"email": f"{name}@x.jp"} for name in "abc"]
    people = People().resolve(members=[member("1", **values[0])])
    for number in ("2", "3"):
        people.resolve(members=[member(n, **values[int(n) - 1]) for n in ("1", "2", "3")[: int(number)]])
    first, second, third = (people.person_of(f"members/{n}") for n in "123")
    people.resolve(members=[member("1", **values[0]), member("2", **values[1]), member("3", **values[1])])
    people.resolve(members=[member(n, **values[0]) for n in "123"])
    assert set(people.lake.rows("select alias, person_id from curated.person_aliases")) == {
        (second, first),
        (third, first),
    }


def test_a_record_that_comes_back_has_two_stretches_of_history() -> None:
    both = [member("1", **MAIL), member("2", **MAIL)]
    people = People().resolve(members=both).resolve(members=both[:1]).resolve(members=both)
    rows = people.lake.rows("select record, from_run_id, to_run_id from curated.person_history")
    assert sorted(rows, key=str) == [
        ("members/1", "r000001", None),
        ("members/2", "r000001", "r000002"),
        ("members/2", "r000003", None),
    ]


def test_history_says_when_a_record_belonged_to_whom() -> None:
    people = People().resolve(members=[member("1", **MAIL)])
    oldest = people.person_of("members/1")
    younger = people.resolve(members=[member("1", **MAIL), member("2")]).person_of("members/2")
    people.resolve(members=[member("1", **MAIL), member("2", **MAIL)]).resolve(members=[member("2", **MAIL)])
    rows = people.lake.rows("select record, person_id, from_run_id, to_run_id from curated.person_history")
    assert set(rows) == {
        ("members/1", oldest, "r000001", "r000004"),
        ("members/2", younger, "r000002", "r000003"),
        ("members/2", oldest, "r000003", None),
    }


def test_an_identifier_knows_when_it_was_first_and_last_said() -> None:
    early, late = datetime(2025, 1, 1), datetime(2025, 6, 1)
    people = People().resolve(members=[member("1", **MAIL, updated=late)], cards=[card("7")])
    people.resolve(members=[member("1", **MAIL, updated=early)], cards=[card("7")])
    seen = "select kind, first_seen, last_seen from curated.identifiers"
    run = datetime(2026, 3, 1)
    assert set(people.lake.rows(seen)) == {("member", early, late), ("email", early, late), ("card", run, run)}


def test_what_only_guards_look_at_is_no_identifier() -> None:
    people = People().resolve(cards=[card("7", given_name="太郎")])
    assert people.lake.rows("select kind from curated.identifiers") == [("card",)]


def test_a_declaration_is_translated_rule_by_rule() -> None:
    entity = Entity.model_validate(
        {
            "identifiers": {
                "login": {"unique": True},
                "mail": {"limit": {"most": 5, "within": "30d"}, "max_records": 9},
                "phone": {"priority": 1, "max_distinct": {"login": 2, "born": 1}},
                "device": {},
            },
            "rules": {"name_born": {"match": ["name", "born"]}},
            "model": {"merge": 0.95, "review": 0.7},
            "largest": 20,
        }
    )
    rules = graph_rules(entity, {"name": Semantic.NAME})
    assert kind_names(entity, ("name",)) == ("login", "mail", "phone", "device", "rule:name_born", "born", "name")
    login, mail, phone, device, rule, born, _ = rules.kinds
    assert (login.most_per_person, login.within_ms, login.told_by) == (1, None, (6,))
    assert (mail.most_per_person, mail.within_ms, mail.most_records) == (
        5,
        timedelta(days=30) // timedelta.resolution // 1000,
        9,
    )
    assert (phone.priority, phone.most_distinct, phone.told_by) == (1, ((5, 1), (0, 2)), ())
    assert (device.priority, device.told_by) == (4, (6, 0, 1, 2))
    assert (rule.priority, rule.most_records, born.merges) == (5, 20, False)
    assert (rules.largest, rules.merge, rules.review) == (20, 0.95, 0.7)
