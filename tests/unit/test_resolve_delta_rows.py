"""What the rows of a delta say of themselves: when they changed, and whether their record goes."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from kumitate.cleanse.recognise import recognise
from kumitate.config.table_rules import TableRules
from kumitate.errors import FatalError
from kumitate.identity.resolving import Resolved, resolve_table
from kumitate.identity.table_delta import merged_with
from kumitate.identity.table_plan import Given, plan_table

RULES = TableRules.model_validate(
    {
        "record_id": "id",
        "updated_at": "changed",
        "identifiers": {"email": "email"},
        "person": {"identifiers": {"email": {"type": "email"}}},
    }
)
BASE = {"id": ["1", "2", "3"], "email": ["t@x.jp", "t@x.jp", "c@x.jp"], "changed": ["2026-01-02"] * 3}


def after(**delta: list[str]) -> Resolved:
    base = pa.table(BASE)
    first = resolve_table(
        base, plan_table(base, RULES, Given(recognise=recognise, as_of=date(2026, 3, 1))), run_id="r1"
    )
    return merged_with(first, base, pa.table(delta), run_id="r2")[1]


def records(found: Resolved) -> set[str]:
    return set(found.records.names.to_pylist())


def test_a_deletion_that_names_the_record_alone_takes_it_out() -> None:
    assert records(after(id=["1"], _deleted=["true"])) == {"2", "3"}


def test_a_change_that_does_not_say_when_it_happened_counts() -> None:
    found = after(id=["3"], email=["t@x.jp"])
    assert len(set(found.clusters()["person_id"].to_pylist())) == 1


def test_a_row_that_does_not_say_when_comes_after_what_the_same_delta_says_of_its_record_before() -> None:
    dated = {"id": ["1", "1", "3", "3", "9"], "changed": ["2026-02-02", "", "", "2026-02-02", "2026-02-02"]}
    found = after(**dated, email=["t@x.jp", "", "", "c@x.jp", "n@x.jp"], _deleted=["", "true", "true", "", ""])
    assert records(found) == {"2", "3", "9"}
    assert found.records.superseded == 3


def test_what_is_older_than_the_record_is_passed_over_be_it_a_change_or_a_deletion() -> None:
    found = after(id=["3", "1"], email=["t@x.jp", ""], changed=["2026-01-01"] * 2, _deleted=["", "true"])
    assert records(found) == {"1", "2", "3"}
    assert found.records.superseded == 2
    assert len(set(found.clusters()["person_id"].to_pylist())) == 2


@pytest.mark.parametrize("word", ["TRUE", " yes ", "1", "1.0", "t"])
def test_a_deletion_is_told_in_several_words(word: str) -> None:
    assert records(after(id=["1"], _deleted=[word])) == {"2", "3"}


@pytest.mark.parametrize("word", ["False", "0", " ", "n"])
def test_a_row_that_says_no_stays(word: str) -> None:
    assert records(after(id=["1"], _deleted=[word])) == {"1", "2", "3"}


def test_a_word_that_is_neither_is_refused_with_its_line_and_brings_no_row() -> None:
    with pytest.raises(FatalError, match="line 3 says neither true nor false in column '_deleted'; write true"):
        after(id=["1", "2"], _deleted=["", "gone"])


def test_a_delta_without_rows_changes_nothing() -> None:
    nothing = pa.array([], pa.string())
    base = pa.table(BASE)
    first = resolve_table(
        base, plan_table(base, RULES, Given(recognise=recognise, as_of=date(2026, 3, 1))), run_id="r1"
    )
    _, found = merged_with(first, base, pa.table({"id": nothing, "_deleted": nothing}), run_id="r2")
    assert found.clusters() == first.clusters()


@pytest.mark.parametrize("changed", ["1970-01-01 00:00:00", "1969-12-31 00:00:00", "0001-01-01"])
def test_a_new_record_counts_however_long_ago_it_says_that_it_changed(changed: str) -> None:
    found = after(id=["9"], email=["n@x.jp"], changed=[changed])
    assert records(found) == {"1", "2", "3", "9"}
    assert found.records.superseded == 0
