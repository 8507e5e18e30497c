"""Names in the AWS account, made of declared names: the one place that knows where things lie there."""

from __future__ import annotations

from dataclasses import dataclass

ZONES: dict[str, str] = {
    "raw": "raw",
    "quarantine": "quarantine",
    "staging": "clean",
    "clean": "clean",
    "curated": "curated",
    "activation": "curated",
}
"""Database of the lake -> zone; a zone is a bucket. `results` is the bucket of what is no table."""
BUCKETS = ("raw", "clean", "curated", "quarantine", "results")
DROP = "drop"
"""Prefix in the raw bucket that mirrors the project's folder: `drop/data/orders-2.csv` matches `path: data/*.csv`."""
PULLED = "pulled"
STREAMED = "streamed"
FILES = "files"
"""Prefix in the raw bucket of what was taken in, never changed afterwards."""
DELIVERIES = "deliveries"
"""Prefix in the results bucket: `deliveries/<run_id>/<sync>/<page>.jsonl.gz`."""
MANIFEST = "pages.json"
"""Beside a sync's pages in a run: how they were cut, and how many there are."""
ATHENA = "athena"
EXPORTS = "exports"
SEGMENTS_CHANGED = "Segments changed"
SEGMENT_CHANGED = "Segment changed"
SYNC_CHANGES_READY = "Sync changes ready"
RUN_ENDED = "Run ended"
TRIGGER_FIRED = "Trigger fired"
"""Detail types of the platform's own events."""
ANY_ACCOUNT = "0" * 12
"""Stands in where names only have to have their form."""


def account_queue(begin: str, account: str) -> str:
    """`account_queue(names.account_queues, "crm")` is the name of its queue."""
    return begin + account.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Names:
    """What `shop` in `dev` is called; `account` may be a token of the template."""

    project: str
    environment: str
    account: str
    region: str

    @property
    def prefix(self) -> str:
        return f"kumitate-{self.project}-{self.environment}".replace("_", "-")

    def called(self, *parts: str) -> str:
        """`called("stage", "identity")` is `kumitate-shop-dev-stage-identity`."""
        return "-".join((self.prefix, *parts)).replace("_", "-")

    @property
    def account_queues(self) -> str:
        """What the queues of all accounts begin with; `account_queue` is one of them."""
        return self.called("account", "")

    def bucket(self, zone: str) -> str:
        return f"{self.prefix}-{zone}-{self.account}"

    def database(self, database: str) -> str:
        """`curated` is `shop_dev_curated`: several environments may share an account."""
        return f"{self.project}_{self.environment}_{database}".replace("-", "_")

    def location(self, table: str) -> str:
        """Where `curated.profiles` lies: `s3://<curated bucket>/curated/profiles`."""
        database, _, name = table.partition(".")
        return f"s3://{self.bucket(ZONES[database])}/{database}/{name}"

    @property
    def event_source(self) -> str:
        return f"kumitate.{self.project}.{self.environment}"
