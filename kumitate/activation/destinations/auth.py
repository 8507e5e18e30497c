"""How a vendor wants a request to be signed, as a value; whoever sends it does so (`execution/signing.py`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """The token in a header: `Authorization: Bearer …`, `Access-Token: …`, `X-Cybozu-API-Token: …`."""

    header: str = "Authorization"
    prefix: str = "Bearer "


@dataclass(frozen=True, slots=True)
class OAuth1:
    """OAuth 1.0a with HMAC-SHA1; the secret is a JSON object of `consumer_key`, `consumer_secret`, `token` and
    `token_secret` (RFC 5849).
    """


@dataclass(frozen=True, slots=True)
class Signature:
    """The body signed with HMAC-SHA256 under the secret, as `t=<unix seconds>,v1=<hex>` over `<t>.<body>`."""

    header: str = "X-Kumitate-Signature"


@dataclass(frozen=True, slots=True)
class SecretUrl:
    """The secret is the whole address to post to (Teams Workflows, incoming webhooks); nothing else signs."""


@dataclass(frozen=True, slots=True)
class NoAuth:
    """Nothing is signed: the secret travels elsewhere (a presigned address), or there is none."""


Auth = Token | OAuth1 | Signature | SecretUrl | NoAuth

BEARER = Token()
