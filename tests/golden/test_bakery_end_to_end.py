"""The tiny project from file to delivery: what a reader can check by hand."""

from pathlib import Path

from harness.projects import rows


def test_every_row_of_the_file_is_accepted_or_quarantined_with_its_line(bakery: Path) -> None:
    assert rows(bakery, "select count(*) from clean.clients") == [(5,)]
    assert rows(bakery, "select file, line, reason, field from quarantine.rows") == [
        ("data/clients.csv", 7, "required.missing", "numero")
    ]


def test_one_mail_address_in_two_spellings_is_one_person(bakery: Path) -> None:
    sql = """
    select count(distinct person_id), count(*)
    from curated.person_records
    where record_id in ('1', '2')
    """
    assert rows(bakery, sql) == [(1, 2)]


def test_a_family_phone_and_a_placeholder_address_merge_nobody(bakery: Path) -> None:
    assert rows(bakery, "select count(distinct person_id) from curated.person_records") == [(4,)]
    assert rows(bakery, "select kind, reason from curated.shared_identifiers order by kind") == [
        ("courriel", "blocked"),
        ("telephone", "shared_by:prenom"),
    ]


def test_the_segment_holds_who_has_a_hundred_points(bakery: Path) -> None:
    sql = """
    select p.prenom, p.points_total
    from curated.segment_changes c
    join curated.profiles p on p.person_id = c.person_id
    where c.segment = 'fideles' and c.change = 'entered'
    order by p.points_total
    """
    assert [(name, int(points)) for name, points in rows(bakery, sql)] == [("Amelie", 115), ("Chloé", 120)]


def test_each_member_is_alerted_once(bakery: Path) -> None:
    sql = "select operation, verdict, count(*) from activation.outcomes group by operation, verdict"
    assert rows(bakery, sql) == [("create", "accepted", 2)]
