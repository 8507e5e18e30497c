"""Secrets by name from Secrets Manager, read when asked for and never kept longer than an answer needs."""

from __future__ import annotations

from typing import Any

from kumitate.errors import FatalError


class Secrets:
    """Values of secrets; a transport keeps what it was given and asks again when it is refused."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def value(self, name: str) -> str:
        """The secret's text; FatalError where it is not there."""
        try:
            found: str | None = self._client.get_secret_value(SecretId=name).get("SecretString")
        except self._client.exceptions.ResourceNotFoundException:
            found = None
        if not found:
            raise FatalError(f"secret {name!r} has no value; put one: aws secretsmanager put-secret-value")
        return found

    def is_there(self, name: str) -> bool:
        """Whether there is one of that name that is not about to be deleted; its value is not read."""
        try:
            return "DeletedDate" not in self._client.describe_secret(SecretId=name)
        except self._client.exceptions.ResourceNotFoundException:
            return False
