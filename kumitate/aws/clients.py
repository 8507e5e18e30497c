"""boto3 clients of this process: made when first asked for, kept, patient with throttling."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def client(service: str, region: str | None = None, *, hasty: bool = False) -> Any:
    """The client of a service with the credentials of the environment, and its region unless another is given.

    A hasty one gives up within 10 seconds: for whoever has somebody waiting for an answer.
    """
    import boto3  # a third of a second: whoever imports this module need not pay it
    from botocore.config import Config

    connect_timeout, read_timeout, attempts = (2, 3, 2) if hasty else (5, 30, 6)
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return boto3.client(service, region_name=region, config=config)
