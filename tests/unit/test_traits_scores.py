"""Scores, ratios, traits in SQL, and how all of them come to stand in the profile."""

from typing import Any

import pytest

from harness.shoppers import AS_OF, RUN, ago, lake, people, project, row, trait_of, traits_of
from kumitate.errors import FatalError
from kumitate.model.step import QueryStep, Run
from kumitate.profiles.stage import PROFILES

Row = dict[str, Any]


def score(*rules: Row, **more: object) -> Row:
    return {"kind": "points", "rules": list(rules), **more}


VIEW = {"source": "visits", "event": "View", "points": 3}


def views(*days: float) -> list[Row]:
    return [row("p", name="View", at=ago(days=age)) for age in days]


def test_every_matching_row_earns_its_points() -> None:
    rules = (VIEW, {"source": "orders", "points": 10, "where": {"column": "quantity", "more_than": 1}})
    orders = [row("p", quantity=quantity, at=ago(days=1)) for quantity in (1, 2)]
    assert trait_of(score(*rules), visits=views(1, 2), orders=orders) == 16


def test_no_more_than_most_rows_count() -> None:
    assert trait_of(score({**VIEW, "most": 2}), visits=views(1, 2, 3, 4)) == 6


def test_points_halve_every_half_life() -> None:
    assert trait_of(score(VIEW, half_life="7d"), visits=views(0.00001, 7, 14, 21)) == 5.63


def test_where_points_decay_the_newest_rows_are_those_that_count() -> None:
    assert trait_of(score({**VIEW, "most": 1}, half_life="7d"), visits=views(21, 7, 14)) == 1.5


def test_points_can_be_taken_away_and_a_half_is_rounded_from_zero() -> None:
    assert trait_of(score({**VIEW, "points": -1}, half_life="1d"), visits=views(3)) == -0.13


def test_a_score_looks_at_its_window_alone() -> None:
    assert trait_of(score(VIEW, within="10d"), visits=views(1, 11)) == 3


def test_who_did_nothing_has_a_score_of_zero() -> None:
    assert trait_of(score(VIEW, {**VIEW, "most": 2}, half_life="7d")) == 0


def test_a_row_without_a_time_cannot_decay_and_does_not_count() -> None:
    assert trait_of(score(VIEW, half_life="7d"), visits=[row("p", name="View")]) == 0


def test_a_ratio_is_a_quotient_and_unknown_over_zero() -> None:
    traits = {
        "spent": {"kind": "sum", "source": "orders", "column": "quantity"},
        "orders": {"kind": "count", "source": "orders"},
        "visits": {"kind": "count", "source": "visits"},
        "basket": {"kind": "ratio", "numerator": "spent", "denominator": "orders"},
        "rate": {"kind": "ratio", "numerator": "orders", "denominator": "visits"},
        "of_ratios": {"kind": "ratio", "numerator": "basket", "denominator": "orders"},
    }
    found = traits_of(traits, ("p", "q"), orders=[row("p", quantity=n, at=ago(days=1)) for n in (1, 4)])
    assert found["p"] == {"spent": 5, "orders": 2, "visits": 0, "basket": 2.5, "rate": None, "of_ratios": 1.25}
    assert found["q"] == {"spent": None, "orders": 0, "visits": 0, "basket": None, "rate": None, "of_ratios": None}


def test_a_ratio_of_itself_is_refused() -> None:
    traits = {
        "a": {"kind": "ratio", "numerator": "b", "denominator": "b"},
        "b": {"kind": "ratio", "numerator": "a", "denominator": "a"},
    }
    with pytest.raises(FatalError, match=r"traits\.a: a ratio of itself: a -> b -> a"):
        PROFILES.plan(project(traits=traits), RUN)


def test_a_trait_in_sql_yields_one_value_a_person_the_greatest() -> None:
    sql = """
        select r.person_id, o.quantity as value from clean.orders as o, curated.person_records as r
        where r.source = 'orders' and r.record_id = o._record_id
    """
    trait = {"kind": "sql", "sql": sql, "type": "bigint"}
    assert trait_of(trait, orders=[row("p", quantity=n) for n in (2, 7, 3)]) == 7


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("delete from clean.orders", "one SELECT"),
        ("select 1 as person_id, 2 as value; select 1", "one SELECT"),
        ("select person_id from curated.person_records", "value is missing"),
        ("select person_id, 1 as value from secret.table", "secret.table cannot be read here"),
        ("select person_id, 1 as value from orders", "orders cannot be read here"),
        ("select person_id, 1 as value from curated.profiles", "curated.profiles cannot be read here"),
        ("select from where", "not understood"),
    ],
)
def test_sql_that_is_not_one_select_of_lake_tables_is_refused(sql: str, complaint: str) -> None:
    with pytest.raises(FatalError, match=complaint):
        PROFILES.plan(project(traits={"asked": {"kind": "sql", "sql": sql}}), RUN)


def test_a_profile_is_the_golden_record_beside_the_traits() -> None:
    config = project(
        traits={
            "orders": {"kind": "count", "source": "orders"},
            "last": {"kind": "last", "source": "orders", "column": "product"},
        }
    )
    made = lake(
        config,
        [{"person_id": "p", "city": "Kyoto"}, {"person_id": "q"}],
        orders=[row("p", product="tea", at=ago(days=1))],
    )
    made.run(PROFILES, config, RUN)
    found = {one["person_id"]: one for one in made.table("curated.profiles").to_pylist()}
    assert (found["p"]["city"], found["p"]["orders"], found["p"]["last"]) == ("Kyoto", 1, "tea")
    assert (found["q"]["city"], found["q"]["orders"], found["q"]["last"]) == (None, 0, None)


def test_a_metric_that_two_traits_ask_for_is_computed_once() -> None:
    traits = {
        "spent": {"kind": "sum", "source": "orders", "column": "amount"},
        "mean": {"kind": "avg", "source": "orders", "column": "amount"},
        "again": {"kind": "sum", "source": "orders", "column": "amount"},
    }
    step = PROFILES.plan(project(traits=traits), RUN)[1]
    assert isinstance(step, QueryStep)
    assert step.query.sql.count("sum(o.amount)") == 1
    assert step.query.sql.count("clean.orders") == 1


def test_a_project_without_traits_has_profiles_all_the_same() -> None:
    config = project()
    made = lake(config, people("p"))
    made.run(PROFILES, config, Run("r1", AS_OF))
    assert made.table("curated.profiles").column("person_id").to_pylist() == ["p"]
