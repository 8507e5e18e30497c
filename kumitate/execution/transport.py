"""A Transport over HTTP: one request to a destination account, with its token, and no more than one answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from kumitate.errors import FatalError, RetryableError
from kumitate.model.request import HttpRequest, Request, Response

_MAX_ANSWER_BYTES = 16 * 2**20
_TIMEOUT = urllib3.Timeout(connect=10, read=60)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token as the secret holds it, or an OAuth 2 grant that is exchanged for one at `sign_in_url`."""

    token: str = field(default="", repr=False)
    sign_in_url: str = ""
    grant: Mapping[str, str] = field(default_factory=dict, repr=False)


def credentials_of(secret: str, *, sign_in_url: str, base_url: str) -> Credentials:
    """What a secret says: a JSON object is a grant (its `url` goes before the vendor's), other text is a token."""
    grant = _grant(secret)
    if grant is None:
        return Credentials(token=secret)
    url = grant.pop("url", "") or sign_in_url
    if not url:
        raise FatalError("the secret is an OAuth grant, but neither it nor the destination says where to sign in")
    kind = "refresh_token" if "refresh_token" in grant else "client_credentials"
    return Credentials(sign_in_url=below(base_url, url), grant={"grant_type": kind, **grant})


def below(base_url: str, path: str) -> str:
    """`path` below a base address that may have a path of its own; whole addresses stay as they are."""
    return path if "://" in path else base_url.rstrip("/") + "/" + path.lstrip("/")


class HttpTransport:
    """Sends to paths below `base_url`; a 401 renews the token once, redirects are not followed. For one thread.

    `renew` reads the credentials again: a secret may have been rotated since.
    """

    def __init__(
        self, base_url: str, credentials: Credentials, *, renew: Callable[[], Credentials] | None = None
    ) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._renew = renew
        self._token = credentials.token
        self._pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    def send(self, request: Request) -> Response:
        """The answer; RetryableError where there was none, FatalError where the account does not let us in."""
        if not isinstance(request, HttpRequest):
            raise FatalError("this account speaks HTTP; its destination made another kind of request")
        if not self._token:
            self._token = self._sign_in()
        response = self._send(request)
        if response.status == 401 and self._has_new_token():
            response = self._send(request)
        return response

    def _has_new_token(self) -> bool:
        """Whether there is another token to try, after the one at hand was refused."""
        refused = self._token
        if self._renew is not None:
            self._credentials = self._renew()
        self._token = self._sign_in() if self._credentials.grant else self._credentials.token
        return self._token != refused or bool(self._credentials.grant)

    def _send(self, request: HttpRequest) -> Response:
        headers = {"User-Agent": "kumitate", **request.headers, "Authorization": f"Bearer {self._token}"}
        return self._exchange(request.method, below(self._base_url, request.path), request.body, headers=headers)

    def _sign_in(self) -> str:
        form = urlencode(self._credentials.grant).encode()
        try:
            response = self._exchange("POST", self._credentials.sign_in_url, form, headers=_FORM)
        except RetryableError as error:
            raise RetryableError(f"signing in: {error}", never_left=True) from None
        if response.status == 429 or response.status >= 500:
            raise RetryableError(f"signing in: HTTP {response.status}", never_left=True)
        token = _member(response.body, "access_token")
        if response.status != 200 or not token:
            why = _member(response.body, "error") or f"HTTP {response.status}"
            raise FatalError(f"signing in was refused ({why}); see the destination's secret")
        return token

    def _exchange(self, method: str, url: str, body: bytes, *, headers: Mapping[str, str]) -> Response:
        try:
            answer = self._pool.request(method, url, body=body, headers=headers, redirect=False, preload_content=False)
            content = answer.read(_MAX_ANSWER_BYTES + 1)
        except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
            raise RetryableError(f"no connection: {type(error).__name__}", never_left=True) from None
        except (HTTPError, OSError) as error:
            raise RetryableError(f"no answer: {type(error).__name__}") from None
        if len(content) > _MAX_ANSWER_BYTES:
            answer.close()
        answer.release_conn()
        return Response(answer.status, content, {name.lower(): value for name, value in answer.headers.items()})


def _grant(secret: str) -> dict[str, str] | None:
    try:
        found: Any = json.loads(secret)
    except ValueError:
        return None
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else None


def _member(body: bytes, name: str) -> str:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return ""
    return str(found.get(name, "")) if isinstance(found, dict) else ""
