"""The report is one page that stands alone, in two languages, and says plainly what does not add up."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from harness.reports import LETTER, QUIET, REPORT
from kumitate.report.advice import next_steps
from kumitate.report.facts import Intake, PeopleReport, Report, RunFacts, SourceReport
from kumitate.report.render import render

VOID = {"meta", "input", "br", "line", "path", "stop", "wbr"}


class Tags(HTMLParser):
    """Notes tags that close in the wrong place and attributes that load something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.wrong += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "onclick")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closes itself."""

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")


def seen(report: Report, language: str = "en") -> str:
    """What a reader of that language sees, without markup and commands."""
    other = "ja" if language == "en" else "en"
    body = render(report).split("</script>", 1)[1]
    own = re.sub(rf'<(span|text) class="{other}[ "].*?</\1>|<code>.*?</code>', "", body)
    return " ".join(re.sub(r"<[^>]+>", " ", own).split())


@pytest.mark.parametrize("report", [REPORT, QUIET])
def test_the_page_is_whole_and_loads_nothing(report: Report) -> None:
    page = render(report)
    tags = Tags()
    tags.feed(page)
    assert tags.wrong == []
    assert tags.open == []
    assert "http" not in page
    assert "url(" not in page.replace("url(#", "")


def test_a_run_without_news_says_so() -> None:
    assert "0 changes: every destination has what it should have" in seen(QUIET)
    assert "変更 0 件" in seen(QUIET, "ja")


def test_a_run_with_news_counts_its_changes() -> None:
    assert "215 changes to bring: 209 accepted, 3 refused, 3 waiting (unavailable)" in seen(REPORT)


def test_rows_that_were_refused_again_are_not_said_to_be_nothing() -> None:
    again = replace(QUIET, syncs=(replace(QUIET.syncs[0], unchanged=299, rejected=3, retried=3),))
    said = seen(again)
    assert "3 changes to bring: 0 accepted, 3 refused; 3 of them had been tried before" in said
    assert "0 changes:" not in said


def test_the_clock_is_the_projects_own() -> None:
    assert "2026-01-31 09:00 Asia/Tokyo" in seen(REPORT)


def test_sums_that_agree_are_counted() -> None:
    assert f"All {len(REPORT.balances)} sums agree" in seen(REPORT)


def test_a_sum_that_does_not_agree_is_told_with_its_gap() -> None:
    broken = replace(REPORT, syncs=(replace(LETTER, candidates=375),))
    assert f"1 of {len(broken.balances)} sums do not agree" in seen(broken)
    assert "✗ +4" in seen(broken)


def test_names_from_the_project_cannot_break_the_page() -> None:
    page = render(replace(REPORT, project="<script>alert(1)</script>"))
    assert "<script>alert" not in page


def test_a_japanese_reader_sees_no_english_sentence() -> None:
    of_the_project = ("Came in each week", "A letter to regulars")
    text = re.sub("|".join(of_the_project), "", seen(REPORT, "ja"))
    assert re.findall(r"[A-Za-z]{3,}(?: [A-Za-z]{2,}){3,}", text) == []


def test_a_project_without_anything_has_a_page() -> None:
    run = RunFacts("r000001", REPORT.run.as_of, "duckdb", 0.1)
    empty = Report(
        "empty", "UTC", run, (SourceReport("a", "events", "", Intake(), Intake()),), (), PeopleReport(), 0, (), (), ()
    )
    assert "0 changes" in seen(empty)


def test_next_steps_begin_with_what_needs_mending() -> None:
    commands = [step.command.split()[1] for step in next_steps(REPORT)]
    assert commands == ["quarantine", "sync", "segment", "sync", "query"]


def test_next_steps_of_a_clean_run_only_look_closer() -> None:
    clean = replace(QUIET, sources=QUIET.sources[1:])
    assert [step.command.split()[1] for step in next_steps(clean)] == ["segment", "sync", "query"]
