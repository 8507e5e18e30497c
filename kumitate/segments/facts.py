"""What the segments ask about people: one row per person, one column per question, each question once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from kumitate.config.project import Config
from kumitate.model.expression import Consent
from kumitate.model.expression import Sequence as EventSequence
from kumitate.model.step import Run
from kumitate.model.table import Type
from kumitate.profiles.metrics import Metrics, Rows, count_rows
from kumitate.profiles.readable import tables_for_segments
from kumitate.profiles.tables import CONSENTS, profiles_table
from kumitate.segments.sequences import Sequences
from kumitate.sql.shapes import descending, flag, value_rows, window
from kumitate.sql.vocabulary import call, column, literal, table_ref, text
from kumitate.sql.written import written_query

FACTS, _PROFILE, _CONSENTS = "facts", "p", "consents_given"


@dataclass(slots=True)
class Facts:
    """Questions gathered from conditions; each method notes one and returns the column that will answer it."""

    config: Config
    run: Run
    metrics: Metrics = field(init=False)
    sequences: Sequences = field(init=False)
    _columns: dict[str, tuple[str, exp.Expr]] = field(default_factory=dict)
    _taken: set[str] = field(init=False)
    _consents: list[Consent] = field(default_factory=list)
    _lists: dict[tuple[str, str], exp.Select] = field(default_factory=dict)
    _written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.config, self.run.as_of)
        self.sequences = Sequences(self.metrics)
        self._taken = {one.name for one in profiles_table(self.config).columns}

    def free_name(self, wanted: str) -> str:
        """`wanted`, or with underscores behind it where a profile has a column of that name."""
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted

    def profile(self, name: str) -> exp.Condition:
        """An attribute or trait."""
        if name != "person_id":  # which every row of facts has already
            found = column(name, _PROFILE)
            self._columns.setdefault(text(found), (name, found))
        return column(name)

    def times(self, rows: Rows) -> exp.Condition:
        """How many such rows a person has; 0 where none."""
        counted = self.metrics.add(rows, count_rows())
        return self._fact(counted.name, call("coalesce", counted, literal(0, Type.BIGINT)))

    def rank(self, trait: str) -> tuple[exp.Condition, exp.Condition]:
        """A person's place by a trait, the greatest first and equals alike, and how many people have a value."""
        value = column(trait, _PROFILE)
        place = window(call("rank"), order=[descending(value)])
        known = window(call("count", value.copy()))
        return self._fact(f"{trait}_rank", place), self._fact(f"{trait}_known", known)

    def consent(self, consent: Consent) -> exp.Condition:
        if consent not in self._consents:
            self._consents.append(consent)
        name = f"consent_{self._consents.index(consent) + 1}"
        return self._is_one(name, column(name, _CONSENTS))

    def sequence(self, sequence: EventSequence) -> exp.Condition:
        gone = self.sequences.add(sequence)
        return self._is_one(gone.name, gone)

    def listed(self, attribute: str, name: str, values: Sequence[exp.Condition]) -> exp.Condition:
        """Whether an attribute stands in a list too long for `in (…)`."""
        key = (attribute, name)
        self._lists.setdefault(key, value_rows("listed", ["value"], [[value] for value in values]).distinct())
        part = f"list_{list(self._lists).index(key) + 1}"
        return self._found(part, column("value", part))

    def written(self, sql: str) -> exp.Condition:
        """Whether SQL of the owner's yields the person."""
        if sql not in self._written:
            written_query(sql, yields=("person_id",), readable=tables_for_segments(self.config))
            self._written.append(sql)
        part = f"sql_{self._written.index(sql) + 1}"
        return self._found(part, column("person_id", part))

    def parts(self) -> list[tuple[str, exp.Query]]:
        """CTEs, the last of which is `facts`: `person_id` and every column that was asked for."""
        of_people = [*self.metrics.scans(), *self._consent_part(), *self._written_parts()]
        sequences = list(self.sequences.parts())
        lists = [(f"list_{number}", query) for number, query in enumerate(self._lists.values(), 1)]
        facts = exp.select(
            column("person_id", _PROFILE), *(exp.alias_(one, name) for name, one in self._columns.values())
        )
        facts = facts.from_(table_ref(profiles_table(self.config), _PROFILE))
        for name in (*(name for name, _ in of_people), *(name for name, _ in sequences[-1:])):
            same = column("person_id", name).eq(column("person_id", _PROFILE))
            facts = facts.join(table_ref(name), on=same, join_type="left")
        for number, (attribute, _) in enumerate(self._lists, 1):
            same = column("value", f"list_{number}").eq(column(attribute, _PROFILE))
            facts = facts.join(table_ref(f"list_{number}"), on=same, join_type="left")
        return [*of_people, *sequences, *lists, (FACTS, facts)]

    def _consent_part(self) -> Iterator[tuple[str, exp.Query]]:
        if not self._consents:
            return
        columns: list[exp.Expr] = [column("person_id")]
        for number, one in enumerate(self._consents, 1):
            purpose = column("purpose").eq(literal(one.purpose, Type.STRING))
            brand: exp.Condition = column("brand").is_(exp.null())
            if one.brand is not None:
                brand = column("brand").eq(literal(one.brand, Type.STRING))
            meant = exp.and_(purpose, column("channel").eq(literal(one.channel, Type.STRING)), brand)
            columns.append(call("max", flag(meant)).as_(f"consent_{number}"))
        granted = exp.select(*columns).from_(table_ref(CONSENTS)).where(column("granted"))
        yield _CONSENTS, granted.group_by(column("person_id"))

    def _written_parts(self) -> Iterator[tuple[str, exp.Query]]:
        readable = tables_for_segments(self.config)
        for number, sql in enumerate(self._written, 1):
            query = written_query(sql, yields=("person_id",), readable=readable).subquery("written")
            yield f"sql_{number}", exp.select(column("person_id", "written")).from_(query).distinct()

    def _is_one(self, name: str, found: exp.Condition) -> exp.Condition:
        zero = literal(0, Type.BIGINT)
        return self._fact(name, call("coalesce", found, zero)).eq(literal(1, Type.BIGINT))

    def _found(self, name: str, found: exp.Condition) -> exp.Condition:
        return self._fact(name, flag(found.is_(exp.null()).not_())).eq(literal(1, Type.BIGINT))

    def _fact(self, name: str, answer: exp.Expr) -> exp.Condition:
        meaning = text(answer)
        if meaning not in self._columns:
            self._columns[meaning] = (self.free_name(name), answer)
        return column(self._columns[meaning][0])
