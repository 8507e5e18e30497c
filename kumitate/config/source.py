"""`sources/*.yaml`: where data comes from, what its columns mean, which of them identify a person."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from kumitate.config.collect import Collect, Webhook
from kumitate.config.value_formats import check_date_format, check_number_format
from kumitate.model.expression import Section
from kumitate.model.table import Type


class Semantic(StrEnum):
    """What a column means; decides its cleansing and its lake type."""

    TEXT = "text"
    ID = "id"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    NAME = "name"
    KANA = "kana"
    COMPANY = "company"
    CORPORATE_NUMBER = "corporate_number"
    EMAIL = "email"
    PHONE = "phone"
    POSTAL_CODE = "postal_code"
    ADDRESS = "address"
    GENDER = "gender"
    COUNTRY = "country"
    BIRTHDATE = "birthdate"
    MONEY = "money"
    LANGUAGE = "language"
    URL = "url"
    FREE_TEXT = "free_text"
    JSON = "json"

    @property
    def type(self) -> Type:
        return _TYPES.get(self, Type.STRING)

    @property
    def personal(self) -> bool:
        return self in _PERSONAL


_TYPES = {
    Semantic.INTEGER: Type.BIGINT,
    Semantic.DECIMAL: Type.DECIMAL,
    Semantic.BOOLEAN: Type.BOOLEAN,
    Semantic.DATE: Type.DATE,
    Semantic.BIRTHDATE: Type.DATE,
    Semantic.MONEY: Type.DECIMAL,
    Semantic.TIMESTAMP: Type.TIMESTAMP,
}
_PERSONAL = {
    Semantic.NAME, Semantic.KANA, Semantic.EMAIL, Semantic.PHONE, Semantic.POSTAL_CODE, Semantic.ADDRESS,
    Semantic.BIRTHDATE,
}  # fmt: skip

PARTS: Mapping[Semantic, tuple[str, ...]] = {
    Semantic.ADDRESS: ("postal_code", "prefecture", "city", "town", "block", "building", "key"),
    Semantic.NAME: ("family", "given"),
    Semantic.KANA: ("family", "given"),
    Semantic.EMAIL: ("local", "domain"),
    Semantic.PHONE: ("country",),
    Semantic.MONEY: ("currency",),
    Semantic.COMPANY: ("form",),
}
"""What a cleansed value can be taken apart into, for columns declared `{part: address.city}`.

An address's `block` is 丁目-番地-号 in digits (`1-2-3`); its `key` is prefecture, city, town and block, the same for
all notations of one place.
"""


class ColumnSpec(Section):
    """One column of the cleansed table: `email: {from: mail_address, type: email, required: true}`.

    `from` is the name in the file (JSON: a path such as `context.traits.email`); by default the column's own.
    `required` sends a row without a usable value to quarantine; otherwise an unusable value becomes null.
    `sql` derives the column from others of the same row, in Athena's dialect (`quantity * unit_price`).
    `part` takes it out of another column, which cleansing took apart: `city: {part: address.city}`.
    """

    type: Semantic = Semantic.TEXT
    from_: str | None = Field(None, alias="from")
    required: bool = False
    formats: tuple[str, ...] = ()
    """strptime formats of dates and times, tried in order; ISO 8601 when empty. Of numbers: `1.234,56`."""
    country: str | None = None
    """Whose phone numbers, postal codes and addresses these are (ISO 3166 alpha-2), or the column that tells each row's
    country; the project's, unless given."""
    personal: bool | None = None
    sql: str | None = None
    part: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*\.[a-z_]+$")
    meaning: str = ""

    @model_validator(mode="after")
    def _check_formats(self) -> Self:
        checks = {
            **dict.fromkeys((Semantic.DATE, Semantic.BIRTHDATE, Semantic.TIMESTAMP), check_date_format),
            **dict.fromkeys((Semantic.DECIMAL, Semantic.MONEY), check_number_format),
        }
        for written in self.formats if self.type in checks else ():
            checks[self.type](written)
        return self

    @property
    def is_delivered(self) -> bool:
        """Whether files have the column; others are made of it."""
        return self.sql is None and self.part is None

    @property
    def is_personal(self) -> bool:
        return self.type.personal if self.personal is None else self.personal


class Pull(Section):
    """How a deployment fetches the source from a service; a laptop reads what lies at `path`.

    `connector` is one of Amazon AppFlow's (salesforce, marketo, zendesk, googleanalytics, …) or one of AWS Glue's
    connections (hubspot, googleads, facebookads, …); `kumitate check` lists them. The files land in the
    source's `format` under the columns' names in `from`.
    """

    connector: str
    object: str
    """What is fetched, in the service's own words: `Contact`, `tickets`."""
    schedule: str = "rate(1 day)"
    incremental: str | None = None
    """The service's field that tells what is new, e.g. `LastModifiedDate`; without it everything comes each time."""
    secret: str | None = None
    """Credentials, named as in the environment's `secrets`."""
    connection: str | None = None
    """A connector profile of AppFlow that the account has already, instead of `secret`; or a connection of Glue, beside
    the `secret` that it signs in with."""
    settings: dict[str, str] = {}
    """What the connector asks besides: `{instance_url: https://example.my.salesforce.com}`."""


class Stream(Section):
    """Events that a deployment takes in by Kinesis Data Streams and Firehose; a laptop reads what lies at `path`."""

    of: Literal["messages"] | None = None
    """`messages`: what became of mails and texts, which an environment's `messaging` takes in by itself."""
    shards: int | None = Field(None, ge=1, le=500)
    """Provisioned shards; on demand, unless given."""
    buffer_seconds: int = Field(300, ge=60, le=900)
    retention_hours: int = Field(24, ge=24, le=8760)


class Source(Section):
    """One source of records (a row is a thing's latest state) or events (a row is a fact in time)."""

    kind: Literal["records", "events"]
    path: str
    """Glob of the files, relative to the project, e.g. `data/members-*.csv`."""
    format: Literal["csv", "jsonl", "parquet", "excel"] = "csv"
    encoding: str = "utf-8"
    """A codec by Python's name, e.g. `cp932`."""
    delimiter: str = ","
    sheet: str | None = None
    columns: dict[str, ColumnSpec] = Field(min_length=1)
    key: tuple[str, ...] | Literal["row"]
    """Columns that make a row one of a kind; `row`: all columns (exact duplicates count once)."""
    updated_at: str | None = None
    """Records: the column that tells which version is the newest; later deliveries win ties."""
    time: str | None = None
    """Events: the column of the time it happened."""
    event: str | None = None
    """Events: the column that names the event, where one source holds several kinds."""
    pull: Pull | None = None
    stream: Stream | None = None
    collect: Collect | None = None
    """Events: who may send them over HTTP, as the SDKs of Segment and RudderStack do."""
    webhook: Webhook | None = None
    """Events: a service that calls us."""
    identifiers: dict[str, str] = {}
    """Identifier kind -> column, e.g. `{email: email, member_id: customer_no}`."""
    description: str = ""

    @property
    def inflow(self) -> Stream | None:
        """Its `stream`; one of the usual size, where events come over HTTP and none is declared."""
        if self.stream is None and (self.collect is not None or self.webhook is not None):
            return Stream()
        return self.stream

    @property
    def is_dropped(self) -> bool:
        """Whether a deployment takes its files from the drop zone: of what is collected, the past may lie there."""
        collects = self.collect is not None or self.webhook is not None
        return self.pull is None and (self.stream is None or collects)
