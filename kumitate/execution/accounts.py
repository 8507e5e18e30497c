"""How a destination account is reached: the sandbox unless the project names an address, and with which secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from kumitate.activation.destinations.base import Terms
from kumitate.errors import FatalError
from kumitate.execution.transport import Credentials, HttpTransport, credentials_of

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
    if not base_url:
        raise FatalError("every account of this vendor has an address of its own; name it in the destination's `url:`")

    def credentials() -> Credentials:
        return credentials_of(secret(), sign_in_url=terms.sign_in_url, base_url=base_url)

    return HttpTransport(base_url, credentials(), renew=credentials)


def _in_sandbox(sandbox: Sandbox, type_: str, terms: Terms) -> Transport:
    from kumitate.sandbox.call import TOKEN

    url = sandbox.url(type_)
    if terms.is_aws:
        return _aws(url, sandbox_token=TOKEN)
    at_home = terms.sign_in_url.startswith("/")
    secret = f'{{"client_id": "{TOKEN}", "client_secret": "{TOKEN}"}}' if at_home else TOKEN
    return HttpTransport(url, credentials_of(secret, sign_in_url=terms.sign_in_url, base_url=url))


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
