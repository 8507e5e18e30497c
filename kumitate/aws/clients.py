"""boto3 clients of this process: made when first asked for, kept, patient with throttling."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def client(service: str, region: str | None = None) -> Any:
    """The client of a service with the credentials of the environment, and its region unless another is given."""
    import boto3  # a third of a second: whoever imports this module need not pay it
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 6})
    return boto3.client(service, region_name=region, config=config)
