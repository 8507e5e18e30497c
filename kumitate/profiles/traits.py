"""Traits as one statement: each kind is a value over metrics, or over a ranking of a person's own rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from kumitate.config.project import Config
from kumitate.config.trait import Aggregate, PointRule, Points, Ratio, SqlTrait, Trait
from kumitate.errors import FatalError
from kumitate.identity.tables import golden_table
from kumitate.model.step import Run
from kumitate.model.table import Type
from kumitate.profiles.aggregates import aggregate_value, looked_at
from kumitate.profiles.metrics import Metrics
from kumitate.profiles.points import decayed_points, newest_points, score, whole_points
from kumitate.profiles.rankings import listed, most_frequent
from kumitate.profiles.readable import tables_for_traits
from kumitate.profiles.tables import trait_column, traits_table
from kumitate.sql.conditions import located
from kumitate.sql.shapes import case, divided, with_ctes
from kumitate.sql.vocabulary import call, column, literal, table_ref
from kumitate.sql.written import written_query

_NUMBERS = (Type.BIGINT, Type.DECIMAL, Type.DOUBLE)


def traits_query(config: Config, run: Run) -> exp.Select:
    """`curated.traits`: one row for every person of the golden records."""
    draft = TraitDraft(config, Metrics(config, run.as_of))
    values = []
    for one in traits_table(config).columns[1:]:
        with located(f"traits.{one.name}"):
            values.append(exp.alias_(exp.cast(draft.value(one.name), one.type), one.name))
    query = exp.select(column("person_id", "g"), *values).from_(table_ref(golden_table(config), "g"))
    parts = [*draft.metrics.scans(), *draft.parts.items()]
    for name, _ in parts:
        query = query.join(table_ref(name), on=column("person_id", name).eq(column("person_id", "g")), join_type="left")
    return with_ctes(query, parts)


@dataclass(slots=True)
class TraitDraft:
    """A statement in the making: metrics asked for so far, and parts of its own that yield `person_id` and `value`."""

    config: Config
    metrics: Metrics
    parts: dict[str, exp.Query] = field(default_factory=dict)

    def value(self, name: str, below: tuple[str, ...] = ()) -> exp.Condition:
        """The trait's value for the final select; `below` are the ratios that led here."""
        match self.config.traits[name]:
            case Aggregate(kind="most_frequent") as trait:
                return self._part(f"values_of_{name}", most_frequent(self.metrics, trait, looked_at(trait)))
            case Aggregate(kind="list") as trait:
                return self._part(f"values_of_{name}", listed(self.metrics, trait, looked_at(trait)))
            case Aggregate() as trait:
                return aggregate_value(self.metrics, trait)
            case Points() as trait:
                return score(
                    [self._points(trait, rule, f"points_of_{name}_{n}") for n, rule in enumerate(trait.rules, 1)]
                )
            case Ratio() as trait:
                return self._ratio(trait, (*below, name))
            case SqlTrait() as trait:
                return self._part(f"sql_of_{name}", _written(self.config, trait))

    def _part(self, name: str, query: exp.Query) -> exp.Condition:
        self.parts[name] = query
        return column("value", name)

    def _points(self, trait: Points, rule: PointRule, name: str) -> exp.Condition:
        if trait.half_life is None:
            return whole_points(self.metrics, trait, rule)
        if rule.most is None:
            return decayed_points(self.metrics, trait, rule)
        return self._part(name, newest_points(self.metrics, trait, rule))

    def _ratio(self, trait: Ratio, below: tuple[str, ...]) -> exp.Condition:
        numerator, denominator = (self._number(name, below) for name in (trait.numerator, trait.denominator))
        zero = literal(0, Type.BIGINT)
        return case(exp.NEQ(this=denominator, expression=zero), divided(numerator, denominator.copy()))

    def _number(self, name: str, below: tuple[str, ...]) -> exp.Condition:
        if name in below:
            raise FatalError(f"a ratio of itself: {' -> '.join((*below, name))}")
        if name not in self.config.traits:
            raise FatalError(f"unknown trait {name!r}")
        if trait_column(self.config, name).type not in _NUMBERS:
            raise FatalError(f"trait {name!r} is no number")
        return exp.cast(self.value(name, below), Type.DOUBLE)


def starts_at_zero(trait: Trait) -> bool:
    """Counts and scores of people without rows are 0; every other trait is unknown."""
    return trait.kind in ("count", "count_distinct", "points")


def _written(config: Config, trait: SqlTrait) -> exp.Select:
    """SQL of the owner's; where it yields a person twice, the greatest value holds."""
    query = written_query(trait.sql, yields=("person_id", "value"), readable=tables_for_traits(config))
    greatest = call("max", column("value", "written")).as_("value")
    person = column("person_id", "written")
    return exp.select(person, greatest).from_(query.subquery("written")).group_by(person.copy())
