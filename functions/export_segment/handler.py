"""`{segment, format: "csv" | "parquet", columns?, run_id?}` in; `{…, rows, keys, manifest}` out.

Asked twice, an export is made once: the answer of the first is kept for a day, and while it is under way the second is
refused. Personal columns leave only where KUMITATE_EXPORT_PERSONAL is `allow`. Besides, its environment names
KUMITATE_ENVIRONMENT and, where they lie elsewhere, the lake's tables (KUMITATE_TABLES).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.parser import BaseModel, ValidationError, parse
from pydantic import ConfigDict

from kumitate.aws.frames import BucketFrames
from kumitate.blueprint.names import Names
from kumitate.cloud.exports import Place, Wanted, export, place_of, place_query, wanted
from kumitate.cloud.tables import Declared, databases, from_json, names_in
from kumitate.errors import FatalError

_TABLES = "/opt/kumitate/tables.json"
_A_DAY = 24 * 60 * 60


class Request(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: str
    format: Literal["csv", "parquet"]
    columns: tuple[str, ...] = ()
    run_id: str | None = None


def request_of(event: dict[str, Any]) -> Request:
    """The event as a request; FatalError with everything that is wrong with it."""
    try:
        return parse(event=event, model=Request)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise FatalError(f"the event is no export request: {found}") from None


@cache
def logger() -> Logger:
    return Logger()


@cache
def declared() -> Declared:
    return from_json(Path(os.environ.get("KUMITATE_TABLES", _TABLES)).read_text(encoding="utf-8"))


@cache
def config() -> IdempotencyConfig:
    return IdempotencyConfig(expires_after_seconds=_A_DAY)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    names = names_in(declared(), os.environ["KUMITATE_ENVIRONMENT"], context.invoked_function_arn)
    profiles = next(table for table in declared().tables if str(table) == "curated.profiles")
    request = request_of(event)
    asked = wanted(
        request.model_dump(), profiles.columns, personal=os.environ.get("KUMITATE_EXPORT_PERSONAL") == "allow"
    )
    where = frames(names)
    place = place_of(where.rows(place_query(asked.segment, databases(names))), asked.segment, request.run_id)
    config().register_lambda_context(context)
    told = once(names)(asked={**asdict(asked), **asdict(place)})
    with single_metric("ExportedRows", MetricUnit.Count, told["rows"]):
        logger().info("exported", extra={name: told[name] for name in ("segment", "run_id", "format", "rows")})
    return told


def frames(names: Names) -> BucketFrames:
    return BucketFrames(names.bucket("results"), names.called("query"), names.database("curated"))


@cache
def once(names: Names) -> Callable[..., dict[str, Any]]:
    """The export behind a note in the idempotency table."""

    def made(*, asked: dict[str, Any]) -> dict[str, Any]:
        what = Wanted(asked["segment"], asked["format"], tuple(asked["columns"]))
        place = Place(asked["bit"], asked["run_id"])
        told = export(what, place, frames(names), databases=databases(names))
        manifest = f"{what.prefix(place.run_id)}/manifest.json"
        frames(names).note(manifest, told)
        return {**told, "manifest": manifest}

    notes = DynamoDBPersistenceLayer(table_name=names.called("idempotency"))
    noted: Callable[..., dict[str, Any]] = idempotent_function(
        made, data_keyword_argument="asked", persistence_store=notes, config=config()
    )
    return noted
