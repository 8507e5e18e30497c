"""A Transport over HTTP: one request to a destination account, signed as its vendor wants, and one answer at most."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from kumitate.activation.destinations.auth import BEARER, Auth, OAuth1, SecretUrl, Signature
from kumitate.errors import FatalError, RetryableError
from kumitate.execution.grants import Credentials, below, credentials_of
from kumitate.execution.signing import auth_headers
from kumitate.model.request import HttpRequest, Request, Response

__all__ = ["Credentials", "HttpTransport", "Manners", "credentials_of"]

_MAX_ANSWER_BYTES = 64 * 2**20
"""The largest answers are a job's results, row by row."""
_TOO_LONG = f"the answer is larger than {_MAX_ANSWER_BYTES // 2**20} MiB; it was not read"
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_TIMEOUT = urllib3.Timeout(connect=10, read=60)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_CLOCKS_AGREE = timedelta(seconds=30)
_NEVER = datetime.max.replace(tzinfo=UTC)
_LONGEST_TOKEN = timedelta(days=365)
"""What is said to last longer is renewed then; some vendors write a moment where a time is meant."""
_SPARE = timedelta(seconds=60)
"""So long before a token expires it is renewed: not every vendor says 401 when it has."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How an account's vendor is spoken to: what signs, and which other hosts requests may name.

    `hosts` is empty where the account has an address of its own, which then gets those calls as well. Where the
    secret is the address, its host must be one of `hosts`, or end in one that begins with a dot.
    """

    auth: Auth = BEARER
    hosts: frozenset[str] = frozenset()


class HttpTransport:
    """Sends to paths below `base_url`; a 401 renews the token once, redirects are not followed. For one thread.

    `renew` reads the credentials again: a secret may have been rotated since. What is signed with the time is
    signed by the vendor's clock, as its answers tell it, where ours differs.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        renew: Callable[[], Credentials] | None = None,
        manners: Manners | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._renew = renew
        self._manners = manners or Manners()
        self._clock = clock
        self._skew = timedelta()
        self._good_until = _NEVER
        self._token = credentials.token
        self._pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    def send(self, request: Request) -> Response:
        """The answer; RetryableError where there was none, FatalError where the account does not let us in."""
        if not isinstance(request, HttpRequest):
            raise FatalError("this account speaks HTTP; its destination made another kind of request")
        if self._credentials.is_grant and (not self._token or self._now() >= self._good_until):
            self._token = self._sign_in()
        response = self._send(request)
        if response.status == 401 and self._has_new_token():
            response = self._send(request)
        return response

    def _has_new_token(self) -> bool:
        """Whether there is another token to try, or another time to sign with, after the one at hand was refused."""
        refused = self._token
        if self._renew is not None:
            self._credentials = self._renew()
        self._token = self._sign_in() if self._credentials.is_grant else self._credentials.token
        signs_time = isinstance(self._manners.auth, OAuth1 | Signature) and bool(self._skew)
        return self._token != refused or self._credentials.is_grant or signs_time

    def _send(self, request: HttpRequest) -> Response:
        url = self._url(request)
        signed = auth_headers(self._manners.auth, self._token, request, url=url, now=self._now())
        headers = {"User-Agent": "kumitate", **request.headers, **signed}
        return self._exchange(request.method, url, request.body, headers=headers)

    def _url(self, request: HttpRequest) -> str:
        """Where a request goes; FatalError where it names a host that is none of the vendor's."""
        if isinstance(self._manners.auth, SecretUrl) and not self._base_url:
            return self._secret_url()
        if not request.host or not self._manners.hosts:
            return below(self._base_url, request.path)
        if request.host not in self._manners.hosts:
            raise FatalError(f"{request.host} is no host of this vendor; nothing was sent")
        return below(f"https://{request.host}", request.path)

    def _secret_url(self) -> str:
        address = urlsplit(self._token)
        host = address.hostname or ""
        known = any(host == name or (name.startswith(".") and host.endswith(name)) for name in self._manners.hosts)
        if address.scheme != "https" or not (known or not self._manners.hosts):
            wanted = ", ".join(sorted(self._manners.hosts))
            raise FatalError(f"the secret is to be the https address to post to, at one of {wanted}; nothing was sent")
        return self._token

    def _now(self) -> datetime:
        return self._clock() + self._skew

    def _sign_in(self) -> str:
        response = self._signed_in()
        if response.status in (400, 401) and self._credentials.private_key and self._skew:
            response = self._signed_in()
        if response.status == 429 or response.status >= 500:
            raise RetryableError(f"signing in: HTTP {response.status}", never_left=True)
        token = _member(response.body, "access_token")
        if response.status != 200 or not token:
            why = _member(response.body, "error") or f"HTTP {response.status}"
            raise FatalError(f"signing in was refused ({why}); see the destination's secret")
        lasts = _member(response.body, "expires_in")
        seconds = min(float(lasts), _LONGEST_TOKEN.total_seconds()) if lasts.isdecimal() else None
        self._good_until = _NEVER if seconds is None else self._now() + timedelta(seconds=seconds) - _SPARE
        return token

    def _signed_in(self) -> Response:
        form = urlencode(self._credentials.form(self._now())).encode()
        try:
            return self._exchange("POST", self._credentials.sign_in_url, form, headers=_FORM)
        except RetryableError as error:
            raise RetryableError(f"signing in: {error}", never_left=True) from None

    def _exchange(self, method: str, url: str, body: bytes, *, headers: Mapping[str, str]) -> Response:
        try:
            answer = self._pool.request(method, url, body=body, headers=headers, redirect=False, preload_content=False)
            content = answer.read(_MAX_ANSWER_BYTES + 1, decode_content=False)
        except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
            raise RetryableError(f"no connection: {type(error).__name__}", never_left=True) from None
        except (HTTPError, OSError) as error:
            raise RetryableError(f"no answer: {type(error).__name__}") from None
        if len(content) > _MAX_ANSWER_BYTES:
            answer.close()
            raise RetryableError(_TOO_LONG)
        answer.release_conn()
        if answer.headers.get("Content-Encoding", "").lower() in _PACKED:
            content = _unpacked(content)
        headers_given = {name.lower(): value for name, value in answer.headers.items()}
        self._compare_clocks(headers_given.get("date", ""))
        return Response(answer.status, content, headers_given)

    def _compare_clocks(self, theirs: str) -> None:
        try:
            skew = parsedate_to_datetime(theirs) - self._clock()
        except (ValueError, TypeError):
            return
        self._skew = skew if abs(skew) > _CLOCKS_AGREE else timedelta()


def _unpacked(content: bytes) -> bytes:
    """A packed answer; RetryableError where its end is missing: half an answer may tell of half the rows."""
    plain, rest = b"", content
    while rest:
        packed = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            plain += packed.decompress(rest, _MAX_ANSWER_BYTES + 1 - len(plain))
        except zlib.error:
            raise RetryableError("no answer: it says that it is packed, and is not") from None
        if len(plain) > _MAX_ANSWER_BYTES:
            raise RetryableError(_TOO_LONG)
        if not packed.eof:
            raise RetryableError("no answer: it was cut short")
        rest = packed.unused_data
    return plain


def _member(body: bytes, name: str) -> str:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return ""
    return str(found.get(name, "")) if isinstance(found, dict) else ""
