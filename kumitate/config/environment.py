"""`environments/*.yaml`: an AWS account and region the project is deployed to, and how large and how careful there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kumitate.model.expression import Section

Schedule = str
"""An EventBridge Scheduler expression: `rate(1 hour)` or `cron(0 6 * * ? *)`, in the project's time zone."""


class Workers(Section):
    """How a stage's Glue job runs; `flex` uses spare capacity, cheaper and later."""

    type: Literal["G.1X", "G.2X", "G.4X", "G.8X"] = "G.1X"
    count: int = Field(2, ge=2, le=299)
    flex: bool = False
    timeout_minutes: int = Field(120, ge=1, le=2880)


class Retention(Section):
    """Days until data goes; None keeps it."""

    raw_files: int | None = Field(None, ge=7)
    """Files in the drop zone, pulled and streamed ones. Copies of what was taken in stay, since rows are replayed from
    them; what Firehose could not deliver goes with `quarantine`."""
    quarantine: int | None = Field(90, ge=1)
    """Rows that were refused: the first run after that removes them, with what they held."""
    results: int = Field(30, ge=1)
    """Athena's results, delivery pages, exports."""
    snapshots: int = Field(5, ge=1)
    """Past states of every table."""
    logs: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 30


class QualityGate(Section):
    """Limits that hold activation back; a run beyond one of them ends before anything is sent."""

    max_quarantined_percent: float = Field(5.0, ge=0, le=100)
    """Of the rows in since the last activated run, over all sources."""
    max_profile_drop_percent: float = Field(20.0, ge=0, le=100)
    """Fewer profiles than after the last activated run."""
    min_profiles: int = Field(1, ge=0)


class Messaging(Section):
    """Messaging services to place; nothing is placed for what is off."""

    email: bool = False
    sms: bool = False
    push: bool = False
    connect_instance: str | None = Field(None, pattern=r"^[0-9a-f-]{36}$")
    """The id of a Connect instance with outbound campaigns; names the Customer Profiles domain's home."""


class Collector(Section):
    """How a deployment's collector is called."""

    calls_per_second: int = Field(1000, ge=1, le=10_000)
    """Over all senders; beyond it they are told to come again. A write key may have a limit of its own."""
    domain: str | None = Field(None, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
    """Its name, such as `events.shop.example.jp`; one that API Gateway gives, unless given."""
    certificate: str | None = Field(None, pattern=r"^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+$")
    """The certificate of `domain` in Certificate Manager, in the same region."""

    @model_validator(mode="after")
    def _has_both(self) -> Collector:
        if (self.domain is None) != (self.certificate is None):
            raise ValueError("domain and certificate go together")
        return self


class Environment(Section):
    """One deployment: `cdk deploy --all -c project=examples/shop -c env=dev` places this one named `dev`."""

    account: str | None = Field(None, pattern=r"^\d{12}$")
    """Twelve digits; the account of whoever deploys, unless given."""
    region: str = Field("ap-northeast-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    schedule: Schedule = "rate(1 day)"
    """When the pipeline runs, besides what arrives."""
    arrivals_minutes: int = Field(5, ge=0, le=5)
    """Files that arrive within these minutes start one run together."""
    delivery_minutes: int = Field(60, ge=5, le=1440)
    """How long a run waits for its deliveries; what is left then is tried by the next run."""
    workers: dict[str, Workers] = {}
    """By stage; `default` holds for the others."""
    retention: Retention = Retention()
    gate: QualityGate = QualityGate()
    messaging: Messaging = Messaging()
    collector: Collector = Collector()
    scan_limit_gb: int = Field(100, ge=1)
    """Bytes one Athena query may read."""
    budget_usd: float | None = Field(None, gt=0)
    """Monthly spend that raises the alarm."""
    notify: tuple[str, ...] = ()
    """E-mail addresses that alarms go to."""
    secrets: dict[str, str] = {}
    """Secret as destinations and sources name it -> its name in Secrets Manager."""
    retired: tuple[str, ...] = ()
    """Sources taken out of the project on purpose; their tables stay in the lake, and nothing writes them."""
    protected: bool = True
    """Keeps data and refuses the removal of what holds it; `make destroy` says how to switch it off."""
    tags: dict[str, str] = {}

    def workers_of(self, stage: str) -> Workers:
        return self.workers.get(stage) or self.workers.get("default") or Workers()
