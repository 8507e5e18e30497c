"""A run's last lines are true: what there was to bring adds up, and nothing that waits is called done."""

from dataclasses import replace

from click.testing import CliRunner

from harness.reports import LETTER, QUIET, REPORT
from kumitate.cli.summary import show_verdict
from kumitate.report.facts import Report, SyncReport, Tally
from kumitate.report.verdict import open_points, verdict

STILL = QUIET.syncs[0]
DONE = "every destination has what it should have"


def of(sync: SyncReport) -> Report:
    return replace(QUIET, syncs=(sync,))


def said(report: Report) -> str:
    return "\n".join(words.en for words in verdict(report))


def points(sync: SyncReport) -> str:
    return "\n".join(words.en for words in open_points(sync))


def test_a_run_with_nothing_to_bring_says_so() -> None:
    assert said(QUIET) == f"0 changes: {DONE}"


def test_changes_held_for_approval_are_not_called_done() -> None:
    held = replace(STILL, unchanged=2, waiting=300, waits_for="guard.adds")
    assert said(of(held)) == "300 changes to bring: 0 accepted, 300 waiting (guard.adds)"
    assert "`kumitate control approve letter" in points(held)


def test_a_destination_that_was_down_is_not_called_done() -> None:
    down = replace(STILL, unchanged=2, pending=300, waits=(Tally("unavailable", 300),))
    assert said(of(down)) == "300 changes to bring: 0 accepted, 300 waiting (unavailable)"
    assert "300 changes wait (unavailable): the destination was down" in points(down)
    assert "`kumitate sync letter --rejected`" in points(down)


def test_retried_rows_that_were_taken_count() -> None:
    again = replace(STILL, unchanged=300, delivered=2, retried=2)
    assert said(of(again)) == "2 changes to bring: 2 accepted; 2 of them had been tried before"


def test_a_sync_paused_midway_says_what_did_not_leave_and_why() -> None:
    midway = replace(STILL, unchanged=2, delivered=42, pending=258, waits=(Tally("cancelled", 258),))
    assert said(of(midway)) == "300 changes to bring: 42 accepted, 258 waiting (cancelled)"
    assert "paused or its run cancelled midway" in points(midway)


def test_rows_without_an_answer_are_told_apart_from_those_that_go_again() -> None:
    lost = replace(STILL, unchanged=300, unknown=2)
    assert said(of(lost)) == "2 changes to bring: 0 accepted, 2 without an answer"
    assert "`kumitate sync letter --unknown`" in points(lost)
    assert lost.balance == STILL.balance.__class__(371, (0, 0, 0, 2, 69, 300, 0))
    assert lost.balance.holds


def test_rows_of_unknown_fate_keep_a_later_run_from_being_called_done() -> None:
    held = replace(STILL, unchanged=301, held=(*STILL.held, Tally("delivery.unknown", 1)))
    assert DONE not in said(of(held))
    assert "1 row of earlier runs may have arrived or not" in said(of(held))


def test_a_run_that_quality_rules_held_is_not_called_done() -> None:
    held = replace(QUIET, run=replace(QUIET.run, held_by=("emails",)))
    assert DONE not in said(held)


def test_the_parts_of_what_there_was_to_bring_add_up() -> None:
    parts = (REPORT.accepted, REPORT.refused, REPORT.unanswered, *(each.count for each in REPORT.waits))
    assert REPORT.changes == sum(parts) == LETTER.delivered + LETTER.rejected + LETTER.pending + LETTER.deletes


def test_the_screen_says_the_same_as_the_page() -> None:
    import click

    @click.command()
    def tell() -> None:
        show_verdict(QUIET)

    assert f"0 changes: {DONE}" in CliRunner().invoke(tell).stdout
