"""Signing a request as its vendor wants it: a token in a header, OAuth 1.0a, or an HMAC over the body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import assert_never
from urllib.parse import parse_qsl, quote, urlsplit

from kumitate.activation.destinations.auth import Auth, NoAuth, OAuth1, SecretUrl, Signature, Token
from kumitate.errors import FatalError
from kumitate.model.request import HttpRequest

_OAUTH1_PARTS = ("consumer_key", "consumer_secret", "token", "token_secret")


def auth_headers(
    auth: Auth,
    secret: str,
    request: HttpRequest,
    *,
    url: str,
    now: datetime,
    nonce: Callable[[], str] = lambda: secrets.token_hex(16),
) -> Mapping[str, str]:
    """The headers that sign `request` to `url`; `secret` is the token, or what signs."""
    match auth:
        case Token():
            return {auth.header: f"{auth.prefix}{secret}"}
        case Signature():
            return {auth.header: _signature(secret, request.body, now=now)}
        case OAuth1():
            return {"Authorization": _oauth1(secret, request.method, url, now=now, nonce=nonce())}
        case SecretUrl() | NoAuth():
            return {}
        case never:
            assert_never(never)


def _signature(secret: str, body: bytes, *, now: datetime) -> str:
    at = int(now.timestamp())
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def _oauth1(secret: str, method: str, url: str, *, now: datetime, nonce: str) -> str:
    """RFC 5849, HMAC-SHA1: the query is signed, a body that is no form is not."""
    parts = _parts(secret)
    own = {
        "oauth_consumer_key": parts["consumer_key"],
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(now.timestamp())),
        "oauth_token": parts["token"],
        "oauth_version": "1.0",
    }
    address = urlsplit(url)
    query = parse_qsl(address.query, keep_blank_values=True)
    base_url = f"{address.scheme.lower()}://{address.netloc.lower()}{address.path}"
    base = "&".join(map(_escaped, (method.upper(), base_url, _normalised([*own.items(), *query]))))
    key = f"{_escaped(parts['consumer_secret'])}&{_escaped(parts['token_secret'])}"
    signature = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()
    shown = sorted({**own, "oauth_signature": signature}.items())
    return "OAuth " + ", ".join(f'{name}="{_escaped(value)}"' for name, value in shown)


def _normalised(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted((_escaped(n), _escaped(v)) for n, v in pairs))


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")


def _parts(secret: str) -> Mapping[str, str]:
    try:
        found = json.loads(secret)
        return {name: str(found[name]) for name in _OAUTH1_PARTS}
    except (ValueError, TypeError, KeyError):
        wanted = ", ".join(_OAUTH1_PARTS)
        raise FatalError(f"the secret of an account with OAuth 1.0a is a JSON object of {wanted}") from None
