"""Person ids last: what happens to them when records come, go, meet and part."""

from harness.people import People, member

MAIL, OTHER = {"email": "a@x.jp"}, {"email": "b@x.jp"}


def test_an_id_is_minted_from_the_run_and_the_smallest_record() -> None:
    first, again = (People().resolve(members=[member("2", **MAIL), member("1", **MAIL)]) for _ in range(2))
    assert first.persons() == again.persons()
    assert first.events() == [("created", first.person_of("members/1"), None, 2)]


def test_a_rebuild_in_another_run_mints_other_ids() -> None:
    first, later = People().resolve(members=[member("1")]), People().resolve().resolve(members=[member("1")])
    assert first.person_of("members/1") != later.person_of("members/1")


def test_unchanged_input_makes_no_events() -> None:
    rows = [member("1", **MAIL), member("2", **MAIL), member("3")]
    people = People().resolve(members=rows)
    before = people.lake.table("curated.person_records").sort_by("record")
    people.resolve(members=rows)
    assert people.events() == []
    assert people.lake.table("curated.person_records").sort_by("record") == before


def test_a_new_record_with_a_smaller_name_keeps_the_id() -> None:
    people = People().resolve(members=[member("5", **MAIL)])
    before = people.person_of("members/5")
    people.resolve(members=[member("5", **MAIL), member("1", **MAIL)])
    assert set(people.persons().values()) == {before}
    assert people.events() == []


def test_a_person_who_loses_the_record_that_named_them_keeps_the_id() -> None:
    people = People().resolve(members=[member("1", **MAIL), member("2", **MAIL)])
    before = people.person_of("members/2")
    people.resolve(members=[member("2", **MAIL)])
    assert people.persons() == {"members/2": before}
    assert people.events() == []


def test_the_oldest_id_wins_a_merge() -> None:
    people = People().resolve(members=[member("9", **MAIL)])
    oldest = people.person_of("members/9")
    younger = [member("1", **OTHER), member("2", **OTHER)]
    people.resolve(members=[member("9", **MAIL), *younger])
    larger = people.person_of("members/1")
    people.resolve(members=[member("9", **OTHER), *younger])
    assert set(people.persons().values()) == {oldest}
    assert people.events() == [("merged", oldest, larger, 2)]


def test_of_two_ids_of_one_age_the_smaller_wins() -> None:
    people = People().resolve(members=[member("1"), member("2")])
    smaller, larger = sorted(people.persons().values())
    people.resolve(members=[member("1", **MAIL), member("2", **MAIL)])
    assert set(people.persons().values()) == {smaller}
    assert people.events() == [("merged", smaller, larger, 1)]


def test_a_split_keeps_the_id_with_the_larger_part() -> None:
    people = People().resolve(members=[member(number, **MAIL) for number in "123"])
    before = people.person_of("members/1")
    people.resolve(members=[member("1"), member("2", **MAIL), member("3", **MAIL)])
    assert people.person_of("members/2") == people.person_of("members/3") == before
    assert people.events() == [("split", people.person_of("members/1"), before, 1)]


def test_a_split_in_equal_parts_keeps_the_id_with_the_smallest_record() -> None:
    people = People().resolve(members=[member("1", **MAIL), member("2", **MAIL)])
    before = people.person_of("members/1")
    people.resolve(members=[member("1"), member("2")])
    assert people.person_of("members/1") == before
    assert people.events() == [("split", people.person_of("members/2"), before, 1)]


def test_a_record_that_moves_to_another_person_is_in_the_ledger() -> None:
    left, right = [member("1", **MAIL), member("2", **MAIL)], [member("8", **OTHER), member("9", **OTHER)]
    people = People().resolve(members=[*left, member("3", **MAIL), *right])
    source, target = people.person_of("members/1"), people.person_of("members/9")
    people.resolve(members=[*left, member("3", **OTHER), *right])
    assert people.person_of("members/3") == target
    assert people.events() == [("moved", target, source, 1)]


def test_a_person_torn_between_two_went_into_the_one_with_the_smallest_record() -> None:
    low, high = [member("5", **MAIL), member("6", **MAIL)], [member("1", **OTHER), member("9", **OTHER)]
    people = People().resolve(members=[*low, *high])
    into, other = people.person_of("members/1"), people.person_of("members/5")
    torn = {"phone": "+81312345678"}
    people.resolve(members=[*low, *high, member("3", **torn), member("4", **torn)])
    gone = people.person_of("members/3")
    people.resolve(members=[*low, *high, member("3", **MAIL), member("4", **OTHER)])
    assert set(people.events()) == {("merged", into, gone, 1), ("moved", other, gone, 1)}


def test_an_id_minted_by_a_split_is_as_old_as_the_split() -> None:
    people = People().resolve(members=[member("1", **MAIL), member("2", **MAIL)])
    people.resolve(members=[member("1", **MAIL), member("2", **MAIL), member("9")])
    older = people.person_of("members/9")
    people.resolve(members=[member("1", **MAIL), member("2"), member("9")])
    people.resolve(members=[member("1", **MAIL), member("2", **OTHER), member("9", **OTHER)])
    assert people.person_of("members/2") == older


def test_a_person_without_records_is_retired() -> None:
    people = People().resolve(members=[member("1"), member("2")])
    gone = people.person_of("members/2")
    people.resolve(members=[member("1")])
    assert people.events() == [("retired", gone, None, 1)]


def test_a_retired_id_is_not_given_again() -> None:
    people = People().resolve(members=[member("1")])
    gone = people.person_of("members/1")
    people.resolve().resolve(members=[member("1")])
    assert people.person_of("members/1") != gone
    assert people.events() == [("created", people.person_of("members/1"), None, 1)]


def test_an_id_stays_old_when_its_first_records_are_gone() -> None:
    people = People().resolve(members=[member("1", **MAIL)])
    oldest = people.person_of("members/1")
    people.resolve(members=[member("1", **MAIL), member("5", **OTHER)])
    people.resolve(members=[member("1", **MAIL), member("2", **MAIL), member("5", **OTHER)])
    people.resolve(members=[member("2", **MAIL), member("5", **OTHER)])
    people.resolve(members=[member("2", **OTHER), member("5", **OTHER)])
    assert set(people.persons().values()) == {oldest}


def test_a_record_knows_since_which_run_it_has_its_person() -> None:
    people = People().resolve(members=[member("1", **MAIL)])
    people.resolve(members=[member("1", **MAIL), member("2"), member("3", **MAIL)])
    people.resolve(members=[member("1", **MAIL), member("2", **MAIL), member("3", **MAIL)])
    assert set(people.lake.rows("select record, since_run_id from curated.person_records")) == {
        ("members/1", "r000001"),
        ("members/2", "r000003"),
        ("members/3", "r000002"),
    }
