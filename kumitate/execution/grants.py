"""Secrets read: a token as it is, or an OAuth 2 grant that is exchanged for one."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kumitate.errors import FatalError

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 180
_SALESFORCE = "https://login.salesforce.com"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token as the secret holds it, or a grant that is exchanged for one at `sign_in_url`."""

    token: str = field(default="", repr=False)
    sign_in_url: str = ""
    grant: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Form fields; with a `private_key` among `claims`' company they are signed anew each time."""
    private_key: str = field(default="", repr=False)
    claims: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_grant(self) -> bool:
        return bool(self.sign_in_url)

    def form(self, now: datetime) -> Mapping[str, str]:
        """What is posted to sign in."""
        if not self.private_key:
            return self.grant
        return {"grant_type": JWT_BEARER, "assertion": assertion(self.claims, self.private_key, now=now)}


def credentials_of(secret: str, *, sign_in_url: str, base_url: str, scope: str = "") -> Credentials:
    """What a secret says: a JSON object is a grant (its `url` goes before the vendor's), other text is a token.

    With a `private_key` the grant is a signed assertion (RFC 7523): a Google service account as its console gives
    it, or `client_id`, `username` and perhaps `audience` of a Salesforce External Client App. Else it is
    `refresh_token` where it has one, and `client_credentials` otherwise.
    """
    grant = _object_in(secret)
    if grant is None:
        return Credentials(token=secret)
    url = grant.pop("url", "") or sign_in_url or grant.get("token_uri", "")
    if not url:
        raise FatalError("the secret is an OAuth grant, but neither it nor the destination says where to sign in")
    where = below(base_url, url)
    key = grant.pop("private_key", "")
    if key:
        return Credentials(sign_in_url=where, private_key=key, claims=_claims(grant, where, scope=scope))
    kind = "refresh_token" if "refresh_token" in grant else "client_credentials"
    asked = {"scope": scope} if scope else {}
    return Credentials(sign_in_url=where, grant={"grant_type": kind, **asked, **grant})


def below(base_url: str, path: str) -> str:
    """`path` below a base address that may have a path of its own; whole addresses stay as they are."""
    return path if "://" in path else base_url.rstrip("/") + "/" + path.lstrip("/")


def assertion(claims: Mapping[str, str], private_key: str, *, now: datetime) -> str:
    """A JWT signed with RS256 (RFC 7515), good for three minutes; FatalError where the key is none."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    issued = int(now.timestamp())
    body = {**claims, "iat": issued, "exp": issued + _JWT_SECONDS}
    signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(body)}"
    try:
        key = serialization.load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        raise FatalError("the secret's private_key is no PEM key without passphrase; put the key file's text") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise FatalError("the secret's private_key is no RSA key, which the vendor asks for")
    return f"{signed}.{_base64(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _claims(grant: Mapping[str, str], where: str, *, scope: str) -> Mapping[str, str]:
    if grant.get("type") == "service_account":
        return {"iss": grant["client_email"], "aud": grant.get("token_uri", where), "scope": scope}
    missing = [name for name in ("client_id", "username") if not grant.get(name)]
    if missing:
        raise FatalError(f"the secret has a private_key but no {' and no '.join(missing)}; see the destination's page")
    return {"iss": grant["client_id"], "sub": grant["username"], "aud": grant.get("audience", _SALESFORCE)}


def _object_in(secret: str) -> dict[str, str] | None:
    try:
        found: Any = json.loads(secret)
    except ValueError:
        return None
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else None


def _part(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
