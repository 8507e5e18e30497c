"""The tiny project from file to delivery: what a reader can check by hand."""

from collections.abc import Callable
from pathlib import Path

from harness.projects import rows, run


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


def test_a_second_run_changes_and_delivers_nothing(copy_bakery: Callable[[], Path]) -> None:
    root = copy_bakery()
    first, second = run(root), run(root)
    assert (first.run_id, second.run_id) == ("r000001", "r000002")
    for table in ("curated.segment_changes", "curated.person_events", "activation.outcomes", "raw.deliveries"):
        assert rows(root, f"select count(*) from {table} where run_id = 'r000002'") == [(0,)], table


def test_a_new_file_changes_only_what_follows_from_it(copy_bakery: Callable[[], Path]) -> None:
    root = copy_bakery()
    run(root)
    before = dict(rows(root, "select record, person_id from curated.person_records"))
    late = "numero;prenom;nom;courriel;telephone;points;modifie\n5;Denis;Martin;;;150;20/02/2026 08:00\n"
    (root / "data/clients-2.csv").write_text(late, encoding="utf-8")
    run(root)
    assert dict(rows(root, "select record, person_id from curated.person_records")) == before
    assert rows(root, "select segment, change from curated.segment_changes where run_id = 'r000002'") == [
        ("fideles", "entered")
    ]
    assert rows(root, "select count(*) from activation.outcomes where run_id = 'r000002'") == [(1,)]
