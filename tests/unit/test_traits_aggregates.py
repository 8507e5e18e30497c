"""Figures over a person's rows: what counts, what does not, and what is said where there is nothing."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from harness.shoppers import AS_OF, ago, project, row, trait_of, traits_of
from kumitate.errors import FatalError
from kumitate.model.step import Run
from kumitate.profiles.stage import PROFILES


def of_orders(kind: str, **more: object) -> dict[str, object]:
    return {"kind": kind, "source": "orders", **more}


def test_people_without_rows_have_counted_nothing_and_all_else_is_unknown() -> None:
    kinds = (
        "count",
        "count_distinct",
        "sum",
        "avg",
        "min",
        "max",
        "first",
        "last",
        "list",
        "most_frequent",
        "days_since",
    )
    traits = {kind: of_orders(kind, column="paid" if kind == "days_since" else "quantity") for kind in kinds}
    found = traits_of(traits, orders=[row("somebody else", quantity=1, at=ago(days=1))])["p"]
    assert {kind for kind, value in found.items() if value == 0} == {"count", "count_distinct"}
    assert {kind for kind, value in found.items() if value is None} == set(kinds) - {"count", "count_distinct"}


def test_a_window_reaches_back_to_its_first_moment_and_ends_before_the_clock() -> None:
    moments = [ago(days=7), ago(days=7, milliseconds=1), ago(days=0), ago(milliseconds=1)]
    orders = [row("p", at=at) for at in moments]
    assert trait_of(of_orders("count", within="7d"), orders=orders) == 2


def test_what_is_dated_after_the_clock_never_counts() -> None:
    orders = [row("p", quantity=1, at=ago(days=-1)), row("p", quantity=5, at=ago(days=1))]
    traits = {
        kind: of_orders(kind, column="quantity") for kind in ("count", "sum", "last", "max", "most_frequent", "list")
    }
    assert traits_of(traits, orders=orders)["p"] == {
        "count": 1, "sum": 5, "last": 5, "max": 5, "most_frequent": 5, "list": ["5"],
    }  # fmt: skip


def test_rows_without_a_time_count_only_where_no_window_is_asked() -> None:
    orders = [row("p", quantity=2), row("p", quantity=3, at=ago(days=1))]
    traits = {"ever": of_orders("sum", column="quantity"), "lately": of_orders("sum", column="quantity", within="30d")}
    assert traits_of(traits, orders=orders)["p"] == {"ever": 5, "lately": 3}


def test_only_rows_that_match_are_counted() -> None:
    orders = [row("p", quantity=n, product=product, at=ago(days=1)) for n, product in ((1, "a"), (-1, "a"), (4, None))]
    where = {"all": [{"column": "quantity", "more_than": 0}, {"not": {"column": "product", "is": "b"}}]}
    assert trait_of(of_orders("count", where=where), orders=orders) == 2


def test_events_are_told_apart_by_name() -> None:
    visits = [row("p", name=name, at=ago(days=1)) for name in ("Viewed", "Viewed", "Bought")]
    assert trait_of({"kind": "count", "source": "visits", "event": "Viewed"}, visits=visits) == 2


def test_sums_of_amounts_keep_their_decimals() -> None:
    orders = [row("p", amount=Decimal(text), at=ago(days=1)) for text in ("0.1", "0.2", "12.3456")]
    found = traits_of({kind: of_orders(kind, column="amount") for kind in ("sum", "min", "max")}, orders=orders)["p"]
    assert found == {"sum": Decimal("12.6456"), "min": Decimal("0.1"), "max": Decimal("12.3456")}


def test_an_average_leaves_out_rows_without_a_value() -> None:
    orders = [row("p", quantity=quantity, at=ago(days=1)) for quantity in (1, 2, None)]
    assert trait_of(of_orders("avg", column="quantity"), orders=orders) == 1.5


def test_count_of_a_column_counts_its_values() -> None:
    orders = [row("p", product=product, at=ago(days=1)) for product in ("a", "a", "b", None)]
    traits = {kind: of_orders(kind, column="product") for kind in ("count", "count_distinct")}
    assert traits_of(traits, orders=orders)["p"] == {"count": 3, "count_distinct": 2}


def test_first_and_last_skip_missing_values_and_break_ties_by_value() -> None:
    orders = [
        row("p", product=None, at=ago(days=9)),
        row("p", product="b", at=ago(days=8)),
        row("p", product="c", at=ago(days=8)),
        row("p", product="d", at=ago(days=2)),
        row("p", product="e", at=ago(days=2)),
        row("p", product=None, at=ago(days=1)),
        row("p", product="z"),
    ]
    traits = {kind: of_orders(kind, column="product") for kind in ("first", "last")}
    assert traits_of(traits, orders=orders)["p"] == {"first": "b", "last": "e"}


def test_the_last_value_of_the_time_column_is_the_last_time() -> None:
    orders = [row("p", at=ago(days=days)) for days in (3, 1, 2)]
    assert trait_of(of_orders("last", column="at"), orders=orders) == ago(days=1)


def test_of_equally_frequent_values_the_smallest_is_named() -> None:
    orders = [row("p", product=product, at=ago(days=1)) for product in ("b", "b", "c", "c", "a", None, None, None)]
    assert trait_of(of_orders("most_frequent", column="product"), orders=orders) == "b"


def test_a_list_has_each_value_once_newest_first_and_no_more_than_its_limit() -> None:
    moments = {"old": 30, "twice": 20, "b": 5, "a": 5, "newest": 1}
    orders = [row("p", product=product, at=ago(days=days)) for product, days in moments.items()]
    orders.append(row("p", product="twice", at=ago(days=2)))
    assert trait_of(of_orders("list", column="product"), orders=orders) == ["newest", "twice", "a", "b", "old"]
    assert trait_of(of_orders("list", column="product", limit=2), orders=orders) == ["newest", "twice"]


@pytest.mark.parametrize(
    ("age", "days"),
    [(timedelta(hours=23, minutes=59), 0), (timedelta(days=1), 1), (timedelta(days=1, seconds=-1), 0)],
)
def test_days_since_are_whole_days_that_have_passed(age: timedelta, days: int) -> None:
    at = (AS_OF - age).replace(tzinfo=None)
    assert trait_of(of_orders("days_since"), orders=[row("p", at=at), row("p", at=ago(days=50))]) == days


def test_days_since_a_column_looks_at_its_latest_past_day() -> None:
    orders = [row("p", paid=paid, at=ago(days=1)) for paid in (date(2026, 3, 1), date(2026, 2, 1), date(2026, 4, 1))]
    assert trait_of(of_orders("days_since", column="paid"), orders=orders) == 9


def test_records_count_by_the_time_they_were_last_changed() -> None:
    members = [row("p", id="1", updated=ago(days=2)), row("p", id="2", updated=ago(days=20))]
    assert trait_of({"kind": "count", "source": "members", "within": "7d"}, members=members) == 1


def test_rows_of_all_records_of_a_person_are_theirs() -> None:
    cards = [row("p", no=str(n), points=n) for n in range(4)]
    assert trait_of({"kind": "sum", "source": "cards", "column": "points"}, cards=cards) == 6


@pytest.mark.parametrize(
    ("trait", "complaint"),
    [
        ({"kind": "sum", "source": "orders", "column": "product"}, "traits.asked: sum needs a number"),
        ({"kind": "sum", "source": "orders"}, "traits.asked: sum needs a column"),
        ({"kind": "sum", "source": "orders", "column": "nothing"}, "traits.asked: orders has no column 'nothing'"),
        ({"kind": "last", "source": "cards", "column": "points"}, "last needs a time"),
        ({"kind": "count", "source": "cards", "within": "7d"}, "within needs a time"),
        ({"kind": "count", "source": "orders", "event": "Bought"}, "holds one kind of event"),
        ({"kind": "list", "source": "orders", "column": "at"}, "list cannot be made of timestamp"),
        (
            {"kind": "count", "source": "orders", "where": {"column": "quantity", "is": "many"}},
            "traits.asked: where: quantity: the value is no number",
        ),
    ],
)
def test_what_cannot_be_computed_is_refused_by_its_key(trait: dict[str, object], complaint: str) -> None:
    with pytest.raises(FatalError, match=complaint):
        PROFILES.plan(project(traits={"asked": trait}), Run("r1", AS_OF))
