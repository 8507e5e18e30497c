"""How a destination account is reached: the sandbox unless the project names an address, and with which secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from kumitate.activation.destinations.auth import OAuth1, SecretUrl, Token
from kumitate.activation.destinations.terms import Terms
from kumitate.errors import FatalError
from kumitate.execution.grants import Credentials, credentials_of
from kumitate.execution.transport import HttpTransport, Manners

if TYPE_CHECKING:  # a delivery function has no sandbox, and pays for none
    from kumitate.config.sync import Destination as Account
    from kumitate.ports import Transport
    from kumitate.sandbox.server import Sandbox


def is_sandboxed(account: Account) -> bool:
    return account.url is None


def connect(account: Account, terms: Terms, *, sandbox: Sandbox | None, environment: Mapping[str, str]) -> Transport:
    """The transport of an account; FatalError says which secret is missing."""
    if account.url is not None:
        return at(account.url, terms, secret=partial(_secret, account, environment))
    if sandbox is None:
        raise FatalError(f"destination type {account.type}: no url, and no sandbox is open")
    return _in_sandbox(sandbox, account.type, terms)


def at(url: str | None, terms: Terms, *, secret: Callable[[], str]) -> Transport:
    """The transport to `url`, or to the vendor's own address; `secret` is read again where it is refused."""
    if terms.is_aws:
        return _aws(url)
    base_url = url or terms.base_url
    if not base_url and not isinstance(terms.auth, SecretUrl):
        raise FatalError("every account of this vendor has an address of its own; name it in the destination's `url:`")
    hosts = frozenset() if url else terms.hosts

    def credentials() -> Credentials:
        return _credentials(secret(), terms, base_url)

    return HttpTransport(base_url, credentials(), renew=credentials, manners=Manners(terms.auth, hosts))


def _credentials(secret: str, terms: Terms, base_url: str) -> Credentials:
    """What a token auth's secret says; any other auth signs with the secret itself."""
    if not isinstance(terms.auth, Token):
        return Credentials(token=secret)
    return credentials_of(secret, sign_in_url=terms.sign_in_url, base_url=base_url, scope=terms.scope)


def _in_sandbox(sandbox: Sandbox, type_: str, terms: Terms) -> Transport:
    from kumitate.sandbox.call import TOKEN

    url = sandbox.url(type_)
    if terms.is_aws:
        return _aws(url, sandbox_token=TOKEN)
    secret = _sandbox_secret(terms, TOKEN)
    return HttpTransport(url, _credentials(secret, terms, url), manners=Manners(terms.auth))


def _sandbox_secret(terms: Terms, token: str) -> str:
    if isinstance(terms.auth, OAuth1):
        return json.dumps(dict.fromkeys(("consumer_key", "consumer_secret", "token", "token_secret"), token))
    signs_in_there = isinstance(terms.auth, Token) and terms.sign_in_url.startswith("/")
    return json.dumps({"client_id": token, "client_secret": token}) if signs_in_there else token


def _secret(account: Account, environment: Mapping[str, str]) -> str:
    if account.secret is None:
        raise FatalError(f"destination type {account.type} at its own url needs a secret; name it in `secret:`")
    variable = f"KUMITATE_SECRET_{account.secret.upper()}"
    if not environment.get(variable):
        raise FatalError(f"secret {account.secret!r} is not there; set the environment variable {variable}")
    return environment[variable]


def _aws(url: str | None, *, sandbox_token: str | None = None) -> Transport:
    from kumitate.aws.calls import AwsTransport  # boto3 costs a third of a second: only who needs it pays

    return AwsTransport(endpoint_url=url, sandbox_token=sandbox_token)
