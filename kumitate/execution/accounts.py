"""How a destination account is reached: the sandbox unless the project names an address, and with which secret."""

from __future__ import annotations

from collections.abc import Mapping

from kumitate.activation.destinations.base import Terms
from kumitate.config.sync import Destination as Account
from kumitate.errors import FatalError
from kumitate.execution.transport import HttpTransport, credentials_of
from kumitate.ports import Transport
from kumitate.sandbox.server import TOKEN, Sandbox


def is_sandboxed(account: Account) -> bool:
    return account.url is None


def connect(account: Account, terms: Terms, *, sandbox: Sandbox | None, environment: Mapping[str, str]) -> Transport:
    """The transport of an account; FatalError says which secret is missing."""
    if account.url is not None:
        return _real(account, terms, account.url, environment=environment)
    if sandbox is None:
        raise FatalError(f"destination type {account.type}: no url, and no sandbox is open")
    url = sandbox.url(account.type)
    if terms.is_aws:
        return _aws(url, sandbox_token=TOKEN)
    at_home = terms.sign_in_url.startswith("/")
    secret = f'{{"client_id": "{TOKEN}", "client_secret": "{TOKEN}"}}' if at_home else TOKEN
    return HttpTransport(url, credentials_of(secret, sign_in_url=terms.sign_in_url, base_url=url))


def _real(account: Account, terms: Terms, url: str, *, environment: Mapping[str, str]) -> Transport:
    if terms.is_aws:
        return _aws(url)
    secret = _secret(account, environment)
    return HttpTransport(url, credentials_of(secret, sign_in_url=terms.sign_in_url, base_url=url))


def _secret(account: Account, environment: Mapping[str, str]) -> str:
    if account.secret is None:
        raise FatalError(f"destination type {account.type} at its own url needs a secret; name it in `secret:`")
    variable = f"KUMITATE_SECRET_{account.secret.upper()}"
    if not environment.get(variable):
        raise FatalError(f"secret {account.secret!r} is not there; set the environment variable {variable}")
    return environment[variable]


def _aws(url: str, *, sandbox_token: str | None = None) -> Transport:
    from kumitate.aws.calls import AwsTransport  # boto3 costs a third of a second: only who needs it pays

    return AwsTransport(endpoint_url=url, sandbox_token=sandbox_token)
