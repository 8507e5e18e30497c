"""Where a deployment's sources deliver: the raw bucket, as the project's sources divide it."""

from __future__ import annotations

from typing import Any

from kumitate.aws.files import S3Inbox, S3RawArea
from kumitate.blueprint.names import DROP, FILES, PULLED, STREAMED, Names
from kumitate.config.project import Config

_MEMORY = f"{FILES}/memory/"


def raw_files(config: Config, names: Names, client: Any) -> tuple[S3Inbox, S3RawArea]:
    """Inbox and raw area of the environment; `client` speaks to S3."""
    streams = {name: source.inflow for name, source in config.sources.items() if source.inflow}
    folders = {name: f"{STREAMED}/{stream.of or name}/" for name, stream in streams.items()}
    folders |= {name: f"{PULLED}/{name}/" for name, source in config.sources.items() if source.pull}
    bucket = names.bucket("raw")
    both = frozenset(name for name in folders if config.sources[name].is_dropped)
    inbox = S3Inbox(client=client, bucket=bucket, drop=f"{DROP}/", folders=folders, memory=_MEMORY, both=both)
    return inbox, S3RawArea(client, bucket)
