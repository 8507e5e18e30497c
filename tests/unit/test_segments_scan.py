"""One scan decides every segment: what each condition means, and that nothing is asked twice."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from harness.shoppers import RUN, ago, lake, members_of, people, project, row
from kumitate.errors import FatalError
from kumitate.model.step import QueryStep, Run
from kumitate.profiles.stage import PROFILES
from kumitate.segments.compile import segment_query
from kumitate.segments.stage import SEGMENTS

Row = dict[str, Any]
CART, ORDER = {"source": "visits", "event": "Cart"}, {"source": "orders"}


def visit(person: str, name: str, hours: float) -> Row:
    return row(person, name=name, at=ago(hours=hours))


def spending(**amounts: float | None) -> dict[str, Any]:
    traits = {"spent": {"kind": "sum", "source": "orders", "column": "amount"}}
    orders = [row(name, amount=amount, at=ago(days=1)) for name, amount in amounts.items()]
    return {"traits": traits, "orders": orders, "people": people(*amounts)}


def at_the_top(percent: int, **amounts: float | None) -> set[str]:
    said = spending(**amounts)
    config = project(traits=said["traits"], segments={"top": {"when": {"trait": "spent", "top_percent": percent}}})
    return members_of({}, said["people"], config=config, orders=said["orders"])["top"]


def scan(**sections: Any) -> str:
    step = SEGMENTS.plan(project(**sections), RUN)[1]
    assert isinstance(step, QueryStep)
    return step.query.sql


def test_the_top_percent_is_of_those_who_have_a_value() -> None:
    assert at_the_top(50, a=10, b=5, c=None, d=None) == {"a"}


def test_the_top_percent_is_rounded_up_to_whole_people() -> None:
    assert at_the_top(10, a=3, b=2, c=1) == {"a"}
    assert at_the_top(34, a=3, b=2, c=1) == {"a", "b"}
    assert at_the_top(100, a=3, b=2, c=1) == {"a", "b", "c"}


def test_who_equals_the_last_of_the_top_is_in_too() -> None:
    assert at_the_top(25, a=9, b=9, c=9, d=1) == {"a", "b", "c"}


def test_nobody_is_at_the_top_where_nobody_has_a_value() -> None:
    assert at_the_top(10, a=None) == set()


def test_counts_take_in_people_without_any_row() -> None:
    conditions = {
        "never": {"event": ORDER, "exactly": 0},
        "rarely": {"event": ORDER, "at_most": 1},
        "ever": {"event": ORDER},
        "not_lately": {"event": ORDER, "within": "7d", "at_most": 0},
    }
    orders = [row("a", at=ago(days=30)), row("b", at=ago(days=1)), row("b", at=ago(days=2))]
    assert members_of(conditions, people("a", "b", "c"), orders=orders) == {
        "never": {"c"}, "rarely": {"a", "c"}, "ever": {"a", "b"}, "not_lately": {"a", "c"},
    }  # fmt: skip


ABANDONED = {"sequence": {"steps": [CART], "then_not": {"event": ORDER, "span": "24h"}, "within": "7d"}}


@pytest.mark.parametrize(
    ("cart", "orders", "abandoned"),
    [
        (30, [], True),
        (23, [], False),
        (24, [], True),
        (30, [29], False),
        (30, [6.1], False),
        (30, [6], True),
        (30, [31], True),
        (30, [30], True),
        (200, [], False),
    ],
)
def test_a_cart_is_abandoned_when_a_day_has_passed_without_an_order(
    cart: float, orders: list[float], abandoned: bool
) -> None:
    rows = {"visits": [visit("p", "Cart", cart)], "orders": [row("p", at=ago(hours=hours)) for hours in orders]}
    assert members_of({"s": ABANDONED}, people("p"), **rows)["s"] == ({"p"} if abandoned else set())


def test_one_abandoned_cart_is_enough_though_another_was_bought() -> None:
    visits = [visit("p", "Cart", 100), visit("p", "Cart", 50)]
    assert members_of({"s": ABANDONED}, people("p"), visits=visits, orders=[row("p", at=ago(hours=49))])["s"] == {"p"}


def test_steps_count_in_their_order_and_never_at_the_same_moment() -> None:
    sequence = {"steps": [{"source": "visits", "event": name} for name in ("View", "Cart", "Pay")], "within": "7d"}
    visits = [
        *(visit("in_order", name, hours) for name, hours in (("View", 9), ("Pay", 8), ("Cart", 7), ("Pay", 6))),
        *(visit("backwards", name, hours) for name, hours in (("Pay", 9), ("Cart", 8), ("View", 7))),
        *(visit("at_once", name, 5) for name in ("View", "Cart", "Pay")),
        *(visit("too_old", name, hours) for name, hours in (("View", 24 * 8), ("Cart", 8), ("Pay", 7))),
        *(visit("in_the_future", name, hours) for name, hours in (("View", 2), ("Cart", 1), ("Pay", -1))),
    ]
    names = ("in_order", "backwards", "at_once", "too_old", "in_the_future")
    assert members_of({"s": {"sequence": sequence}}, people(*names), visits=visits)["s"] == {"in_order"}


def test_the_same_kind_of_event_can_be_several_steps() -> None:
    sequence = {"sequence": {"steps": [CART, CART], "within": "7d"}}
    visits = [visit("twice", "Cart", 9), visit("twice", "Cart", 8), visit("once", "Cart", 9)]
    assert members_of({"s": sequence}, people("twice", "once"), visits=visits)["s"] == {"twice"}


@pytest.mark.parametrize(
    ("clock", "born", "days_before", "kept"),
    [
        (datetime(2026, 3, 10, tzinfo=UTC), date(1990, 3, 10), 0, True),
        (datetime(2026, 3, 10, tzinfo=UTC), date(1990, 3, 11), 0, False),
        (datetime(2026, 12, 30, tzinfo=UTC), date(1990, 1, 2), 3, True),
        (datetime(2026, 12, 30, tzinfo=UTC), date(1990, 1, 3), 3, False),
        (datetime(2026, 2, 28, tzinfo=UTC), date(2024, 2, 29), 0, True),
        (datetime(2026, 2, 27, tzinfo=UTC), date(2024, 2, 29), 1, True),
        (datetime(2026, 3, 1, tzinfo=UTC), date(2024, 2, 29), 0, False),
        (datetime(2028, 2, 28, tzinfo=UTC), date(2024, 2, 29), 0, False),
        (datetime(2028, 2, 29, tzinfo=UTC), date(2024, 2, 29), 0, True),
    ],
)
def test_an_anniversary_is_kept_each_year(clock: datetime, born: date, days_before: int, kept: bool) -> None:
    conditions = {"s": {"anniversary": "born", "days_before": days_before}}
    found = members_of(conditions, [{"person_id": "p", "born": born}], run=Run("r1", clock))
    assert found["s"] == ({"p"} if kept else set())


def test_today_is_the_day_where_the_project_is_at_home() -> None:
    config = project(segments={"s": {"when": {"anniversary": "born"}}})
    tokyo = config.model_copy(update={"settings": config.settings.model_copy(update={"timezone": "Asia/Tokyo"})})
    born = [{"person_id": "p", "born": date(1990, 3, 11)}]
    evening = Run("r1", datetime(2026, 3, 10, 20, tzinfo=UTC))
    assert members_of({}, born, config=config, run=evening)["s"] == set()
    assert members_of({}, born, config=tokyo, run=evening)["s"] == {"p"}


@pytest.mark.parametrize("filler", [0, 300])
def test_a_list_is_looked_up_however_long_it_is(filler: int) -> None:
    conditions = {"s": {"when": {"list": "heights", "attribute": "height"}}, "t": {"when": {"not": {"segment": "s"}}}}
    config = project(segments=conditions, lists={"heights": ("1.8", "1.80", *map(str, range(2, filler)))})
    heights = {"a": Decimal("1.8"), "b": Decimal("1.7"), "c": None}
    found = members_of({}, [{"person_id": name, "height": height} for name, height in heights.items()], config=config)
    assert found == {"s": {"a"}, "t": {"b", "c"}}


def test_consent_is_granted_or_it_is_not() -> None:
    words = [
        row("yes", purpose="news", channel="email", granted=True, at=ago(days=2)),
        row("no", purpose="news", channel="email", granted=False, at=ago(days=2)),
        row("else", purpose="news", channel="sms", granted=True, at=ago(days=2)),
    ]
    conditions = {"s": {"consent": {"purpose": "news", "channel": "email"}}}
    assert members_of(conditions, people("yes", "no", "else", "unknown"), words=words)["s"] == {"yes"}


def test_a_segment_can_be_sql_and_others_can_rest_on_it() -> None:
    of_kyoto = "with t as (select person_id from curated.profiles where city = 'Kyoto')"
    sql = f"{of_kyoto} select person_id from t union all select person_id from t"
    conditions = {"a": {"sql": sql}, "b": {"not": {"segment": "a"}}, "c": {"any": [{"segment": "a"}, {"segment": "b"}]}}
    golden = [{"person_id": "p", "city": "Kyoto"}, {"person_id": "q"}]
    assert members_of(conditions, golden) == {"a": {"p"}, "b": {"q"}, "c": {"p", "q"}}


def test_a_person_counts_for_the_first_segment_of_a_priority_list() -> None:
    cities = {"a": {"in": ["x", "y"]}, "b": {"in": ["y", "z"]}, "c": {"known": True}}
    segments: Row = {name: {"when": {"attribute": "city", **asked}} for name, asked in cities.items()}
    segments["of_b"] = {"when": {"segment": "b"}}
    config = project(segments=segments, priorities={"one": {"segments": ["a", "b", "c"]}})
    golden = [{"person_id": city, "city": city} for city in ("x", "y", "z", "w")]
    assert members_of({}, golden, config=config) == {"a": {"x", "y"}, "b": {"z"}, "c": {"w"}, "of_b": {"z"}}


def test_deep_references_do_not_multiply_the_statement() -> None:
    segments: Row = {"s0": {"when": {"attribute": "city", "is": "x"}}}
    for number in range(1, 12):
        below = {"segment": f"s{number - 1}"}
        segments[f"s{number}"] = {
            "when": {"any": [below, {"not": {"all": [below, {"attribute": "active", "is": True}]}}]}
        }
    assert scan(segments=segments).count("city = 'x'") == 1


def test_each_clean_table_is_scanned_once_and_each_metric_computed_once() -> None:
    lately = {"event": {"source": "visits", "event": "View"}, "within": "7d"}
    segments = {f"s{n}": {"when": {"all": [lately | {"at_least": n}, {"event": ORDER}]}} for n in range(1, 9)}
    sql = scan(segments=segments)
    assert (sql.count("clean.visits"), sql.count("clean.orders")) == (1, 1)
    assert sql.count("count(*)") == 2


def test_the_scan_reads_as_far_back_as_the_longest_window_and_every_event_that_is_named() -> None:
    windows = {"View": "7d", "Cart": "90d", "Pay": "30d"}
    conditions = {
        name.lower(): {"event": {"source": "visits", "event": name}, "within": within}
        for name, within in windows.items()
    }
    visits = [visit("p", name, 24 * (int(within[:-1]) - 1)) for name, within in windows.items()]
    assert members_of(conditions, people("p"), visits=visits) == {"view": {"p"}, "cart": {"p"}, "pay": {"p"}}


def test_all_sequences_share_one_pass() -> None:
    steps = [{"source": "visits", "event": name} for name in ("View", "Cart", "Pay")]
    segments = {f"s{n}": {"when": {"sequence": {"steps": steps[:n], "within": "7d"}}} for n in range(1, 4)}
    sql = scan(segments=segments)
    assert sql.count("clean.visits") == 1


def test_a_segment_by_itself_asks_for_its_own_facts_alone() -> None:
    config = project(segments={"a": {"when": {"event": ORDER}}, "b": {"when": {"event": CART}}})
    query = segment_query(config, RUN, "a")
    assert "clean.visits" not in query.sql
    made = lake(config, people("p", "q"), orders=[row("p", at=ago(days=1))])
    made.run(PROFILES, config, RUN)
    assert made.rows(query.sql) == [("p",)]


def test_a_fact_steps_aside_for_a_profile_column_of_its_name() -> None:
    traits = {name: {"kind": "count", "source": "cards"} for name in ("orders_1", "in_a", "spent_rank")}
    traits["spent"] = {"kind": "sum", "source": "orders", "column": "amount"}
    conditions = {
        "a": {"all": [{"event": ORDER}, {"trait": "orders_1", "at_least": 2}, {"trait": "spent_rank", "at_least": 2}]},
        "b": {"all": [{"segment": "a"}, {"trait": "in_a", "at_least": 2}, {"trait": "spent", "top_percent": 100}]},
    }
    config = project(traits=traits, segments={name: {"when": when} for name, when in conditions.items()})
    rows = {"orders": [row("p", amount=1, at=ago(days=1))], "cards": [row("p", no="1"), row("p", no="2")]}
    assert members_of({}, people("p", "q"), config=config, **rows) == {"a": {"p"}, "b": {"p"}}


def test_a_person_can_be_asked_for_by_id() -> None:
    assert members_of({"s": {"attribute": "person_id", "is": "p"}}, people("p", "q")) == {"s": {"p"}}


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        ({"attribute": "nothing", "is": 1}, "segments.s: nothing: no such name"),
        ({"trait": "city", "is": 1}, "segments.s: city: no such name"),
        ({"attribute": "born", "is": "soon"}, "segments.s: born: the value is no date"),
        ({"column": "city", "is": 1}, "segments.s: column: asks about rows"),
        ({"event": {"source": "nothing"}}, "segments.s: event nothing: no source"),
        ({"event": {"source": "cards"}, "within": "3d"}, "segments.s: event cards: within needs a time"),
        ({"event": {"source": "orders", "event": "Paid"}}, "holds one kind of event"),
        ({"event": {"source": "orders", "where": {"trait": "x", "is": 1}}}, "columns of the row alone"),
        ({"sequence": {"steps": [{"source": "cards"}], "within": "3d"}}, "segments.s: sequence: within needs a time"),
        ({"list": "nothing", "attribute": "city"}, "segments.s: list nothing: no such list"),
        ({"anniversary": "city"}, "segments.s: anniversary city: an anniversary needs"),
        ({"segment": "nothing"}, "segments.s: unknown segment 'nothing'"),
        ({"segment": "s"}, "in a circle: s -> s"),
        (
            {"sql": "select person_id from curated.segment_masks"},
            "segments.s: sql: curated.segment_masks cannot be read",
        ),
        ({"sql": "select record from curated.person_records"}, "person_id is missing"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_key(condition: Row, complaint: str) -> None:
    with pytest.raises(FatalError, match=complaint):
        SEGMENTS.plan(project(segments={"s": {"when": condition}}), RUN)


def test_segments_that_rest_on_each_other_are_refused() -> None:
    segments = {"a": {"when": {"segment": "b"}}, "b": {"when": {"not": {"segment": "a"}}}}
    with pytest.raises(FatalError, match=r"in a circle: (a -> b -> a|b -> a -> b)"):
        SEGMENTS.plan(project(segments=segments), RUN)


def test_a_project_without_segments_has_empty_masks() -> None:
    config = project()
    made = lake(config, people("p"))
    made.run(PROFILES, config, RUN)
    made.run(SEGMENTS, config, RUN)
    assert made.table("curated.segment_masks").to_pylist() == [{"person_id": "p", "mask_0": 0}]
    assert made.table("curated.segment_changes").num_rows == 0
