"""The model as a file: Splink's settings in an envelope that says which of our versions it is for."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kumitate.errors import ConfigError, Problem
from kumitate.identity.probabilistic.levels import checks_of, sql_of
from kumitate.identity.probabilistic.model import Comparison, Level, Model, words

_ANY_TWO = ("1=1", "1 = 1")
"""How Splink says that all pairs are looked at."""

VERSION = 1
"""Of the envelope; a file of another one is refused."""

_AGREED = re.compile(r'\(*l\."?(?P<l>\w+)"? = r\."?(?P<r>\w+)"?\)*')


def settings(model: Model) -> dict[str, Any]:
    """The model as Splink 5 reads it."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record",
        "probability_two_random_records_match": model.probability,
        "retain_matching_columns": False,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": " AND ".join(f"l.{column} = r.{column}" for column in rule) or _ANY_TWO[0]}
            for rule in model.blocking
        ],
        "comparisons": [
            {
                "output_column_name": comparison.name,
                "comparison_levels": [_level_settings(level) for level in comparison.levels],
            }
            for comparison in model.comparisons
        ],
    }


def _level_settings(level: Level) -> dict[str, Any]:
    said: dict[str, Any] = {"sql_condition": sql_of(level.tests), "label_for_charts": words(level)}
    if level.is_null:
        return said | {"is_null_level": True}
    said |= {"m_probability": level.m, "u_probability": level.u}
    if level.frequency:
        said |= {"tf_adjustment_column": level.frequency, "tf_adjustment_weight": level.frequency_weight}
        said |= {"tf_minimum_u_value": level.frequency_least} if level.frequency_least else {}
    return said


def dump(model: Model) -> str:
    """The model as a file: stable text, so that a change is a readable difference."""
    envelope = {
        "kumitate_model": VERSION,
        "rules_version": model.rules_version,
        "made_with": model.made_with,
        "trained_on": dict(model.trained_on),
        "shared": {
            "comparisons": model.shared,
            "most_bits": None if math.isinf(model.most_shared) else model.most_shared,
        },
        "frequencies": {column: dict(shares) for column, shares in model.frequencies.items()},
        "splink": settings(model),
    }
    return json.dumps(envelope, ensure_ascii=False, indent=2) + "\n"


def load(text: str, file: str = "model") -> Model:
    """The model in `text`; ConfigError with every problem, where the file is broken or of another version."""
    try:
        envelope = json.loads(text)
    except json.JSONDecodeError as error:
        raise _refused(
            file, (f"is no JSON ({error.msg}); train the model anew or restore the file",), error.lineno
        ) from None
    if not isinstance(envelope, dict) or "kumitate_model" not in envelope:
        raise _refused(file, ("has no kumitate_model; wrap Splink's settings as docs/concepts/probabilistic.md says",))
    if envelope["kumitate_model"] != VERSION:
        found = envelope["kumitate_model"]
        raise _refused(file, (f"is a model of version {found!r}, this Kumitate reads {VERSION}; train it anew",))
    told = envelope.get("splink")
    if not isinstance(told, dict):
        raise _refused(file, ("has no splink settings; train the model anew",))
    problems = (*_problems(told), *_problems_around(envelope))
    if problems:
        raise _refused(file, problems)
    return model_of(envelope)


def _refused(file: str, whats: tuple[str, ...], line: int = 1) -> ConfigError:
    return ConfigError(tuple(Problem(file, line, "", what) for what in whats))


def _problems(told: Mapping[str, Any]) -> Iterator[str]:
    """Everything in Splink's settings that could not be followed, each by its name."""
    probability = told.get("probability_two_random_records_match")
    if not _is_share(probability) or probability == 1:
        yield "has no probability_two_random_records_match between 0 and 1; train the model"
    comparisons = told.get("comparisons")
    if not isinstance(comparisons, list) or not comparisons:
        yield "has no comparisons; train the model anew"
        return
    for place, comparison in enumerate(comparisons, 1):
        if not _is_comparison(comparison):
            yield f"comparison {place} has no output_column_name, or no list of comparison_levels; train the model anew"
            return
    for comparison in comparisons:
        name = comparison["output_column_name"]
        yield from (f"{name}: {what}" for what in _problems_of(comparison["comparison_levels"]))
    yield from _uncompared(comparisons)
    for rule in _blocking(told):
        if _agreed(rule) is None:
            yield f"blocking rule {rule!r} is no equality of columns; Splink can block by it, Kumitate cannot"


def _is_comparison(told: object) -> bool:
    if not isinstance(told, dict) or not isinstance(told.get("comparison_levels"), list):
        return False
    name = told.get("output_column_name")
    return bool(name) and isinstance(name, str) and all(isinstance(level, dict) for level in told["comparison_levels"])


def _uncompared(comparisons: list[Mapping[str, Any]]) -> Iterator[str]:
    """Columns whose values' frequencies are asked for, and that nothing compares."""
    levels = [level for comparison in comparisons for level in comparison["comparison_levels"]]
    tests = (test for level in levels for test in checks_of(str(level.get("sql_condition", ""))) or ())
    compared = {column for test in tests for column in test.columns}
    for column in dict.fromkeys(level.get("tf_adjustment_column") or "" for level in levels):
        if column and column not in compared:
            yield f"tf_adjustment_column {column!r} is a column that no level compares; name one that a level does"


def _problems_around(envelope: Mapping[str, Any]) -> Iterator[str]:
    """What stands beside Splink's settings and cannot be read."""
    shared, told = envelope.get("shared") or {}, envelope.get("frequencies") or {}
    if not isinstance(shared, dict) or not isinstance(shared.get("comparisons") or [], list):
        yield "shared names no comparisons in a list; train the model anew"
    elif not isinstance(shared.get("most_bits") or 0, int | float):
        yield "shared: most_bits is no number; train the model anew"
    columns = told.values() if isinstance(told, dict) else (None,)
    if not all(isinstance(shares, dict) and all(map(_is_share, shares.values())) for shares in columns):
        yield "frequencies are not shares between 0 and 1 by column and value; train the model anew"
    if not isinstance(envelope.get("trained_on") or {}, dict):
        yield "trained_on tells no rows and date by name; leave it out"


def _problems_of(levels: list[Mapping[str, Any]]) -> Iterator[str]:
    if not levels or str(levels[-1].get("sql_condition", "")).strip().upper() != "ELSE":
        yield "its last level is not ELSE; add one, so that every pair has a level"
    for level in levels:
        sql = str(level.get("sql_condition", ""))
        name = level.get("label_for_charts") or sql
        if checks_of(sql) is None:
            known = "docs/concepts/probabilistic.md lists the levels it can"
            yield f"level {name!r} asks {sql!r}, which Kumitate cannot score; {known}"
        elif not level.get("is_null_level") and not all(_is_share(level.get(f"{p}_probability")) for p in "mu"):
            yield f"level {name!r} has no m and u probability above 0; train the model"


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


def _blocking(told: Mapping[str, Any]) -> Iterator[str]:
    rules = told.get("blocking_rules_to_generate_predictions") or ()
    for rule in rules if isinstance(rules, list | tuple) else (rules,):
        yield str(rule.get("blocking_rule") if isinstance(rule, dict) else rule)


def _agreed(rule: str) -> tuple[str, ...] | None:
    """The columns that a blocking rule holds equal, or None where it does anything else."""
    columns: list[str] = []
    if rule.strip() in _ANY_TWO:
        return ()
    for part in re.split(r"\s+and\s+", " ".join(rule.split()), flags=re.IGNORECASE):
        found = _AGREED.fullmatch(part)
        if found is None or found["l"] != found["r"]:
            return None
        columns.append(found["l"])
    return tuple(columns)


def model_of(envelope: Mapping[str, Any]) -> Model:
    """The model in an envelope whose settings can be followed."""
    told = envelope["splink"]
    shared = envelope.get("shared") or {}
    return Model(
        tuple(_comparison(comparison) for comparison in told["comparisons"]),
        told["probability_two_random_records_match"],
        tuple(agreed for rule in _blocking(told) if (agreed := _agreed(rule)) is not None),
        tuple(shared.get("comparisons") or ()),
        math.inf if shared.get("most_bits") is None else float(shared["most_bits"]),
        dict(envelope.get("frequencies") or {}),
        str(envelope.get("rules_version", "")),
        str(envelope.get("made_with", "")),
        dict(envelope.get("trained_on") or {}),
    )


def _comparison(told: Mapping[str, Any]) -> Comparison:
    return Comparison(told["output_column_name"], tuple(_level(level) for level in told["comparison_levels"]))


def _level(told: Mapping[str, Any]) -> Level:
    tests = checks_of(told["sql_condition"]) or ()
    if told.get("is_null_level"):
        return Level(tests)
    return Level(
        tests,
        told["m_probability"],
        told["u_probability"],
        told.get("tf_adjustment_column") or "",
        told.get("tf_adjustment_weight", 1.0),
        told.get("tf_minimum_u_value", 0.0),
    )
