"""`collect:` and `webhook:` of a source: who may send it events over HTTP, and what is kept of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, model_validator

from kumitate.model.expression import Consent, Section, Span


class WriteKey(Section):
    """What a sender names itself by: `{key: shop-web, origins: [https://shop.example.jp]}`.

    A key in a web page is public, and stands here as `key`. A server's key is a secret: give its `sha256`
    (64 hexadecimal digits), so that the repository does not hold it. To change a key, declare the new one beside the
    old, and let the old one end at `valid_until`.
    """

    key: str | None = Field(None, min_length=4, max_length=128)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    origins: tuple[str, ...] = ()
    """Pages that may send with it: `https://shop.example.jp`, `https://*.example.jp`; any, unless given."""
    events_per_second: float | None = Field(None, gt=0)
    """Beyond it the sender is asked to wait (429 with Retry-After); no limit, unless given."""
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @model_validator(mode="after")
    def _one_key(self) -> WriteKey:
        if (self.key is None) == (self.sha256 is None):
            raise ValueError("give exactly one of key (public, for pages) and sha256 (of a server's secret key)")
        return self


class Collect(Section):
    """A source that takes in events over HTTP, as the SDKs of Segment and RudderStack send them."""

    write_keys: dict[str, WriteKey] = Field(min_length=1)
    """By a name that may be told in logs and answers."""
    ip: Literal["drop", "truncate", "keep"] = "truncate"
    """The sender's address: the last octet of IPv4, the last 80 bits of IPv6 are cut off."""
    allow: tuple[str, ...] = ()
    """What is kept of properties, traits and context: `properties.product_id`, `context.page.*`; all, unless given."""
    consent: dict[str, Consent] = {}
    """Category of the consent that events carry (`context.consent.categoryPreferences`) -> what it stands for."""
    bots: Literal["mark", "reject"] = "mark"
    replayed_after: Span = timedelta(days=7)
    """An event that happened this long before it arrived is marked `replayed`: it is kept, and fires no trigger."""
    unknown_events: Literal["allow", "flag", "block"] = "allow"
    """What is done about events that no contract of the source knows."""


class Signature(Section):
    """How a service proves that a call is its own; `secret` is named as in the environment's `secrets`.

    `hmac_sha256_base64` and `hmac_sha256_hex` sign the body (Shopify, GitHub: `prefix: sha256=`); `stripe` signs
    `<t>.<body>` and names its time; `token` is the secret itself in a header.
    """

    scheme: Literal["hmac_sha256_base64", "hmac_sha256_hex", "stripe", "token"]
    header: str
    secret: str
    prefix: str = ""
    tolerance: Span = timedelta(minutes=5)
    """`stripe`: how old a signed time may be."""


class Webhook(Section):
    """A service that calls us: its calls become track calls of the source.

    Values are paths into the body (`customer.id`) or headers (`header:X-Shopify-Topic`).
    """

    path: str = Field(pattern=r"^[a-z0-9][a-z0-9_/-]{0,80}$")
    """Where it calls: `shopify` is `/v1/webhooks/shopify`."""
    signature: Signature
    each: str | None = None
    """The path of a list in the body, each item of which is an event; the body is one event, unless given."""
    event: str
    """What it is called: `type`, `header:X-Shopify-Topic`."""
    id: str
    """What makes it one of a kind: a call delivered twice counts once."""
    time: str | None = None
    """When it happened: ISO 8601, or seconds since 1970; the time it arrived, unless given."""
    user_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None
    properties: dict[str, str] = {}
    """Name -> path; the whole body, unless given."""
