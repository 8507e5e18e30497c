"""How a delivery reaches an account: its own address or the vendor's, and a secret that may change under it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kumitate.activation.destinations.registry import destination_class
from kumitate.errors import FatalError
from kumitate.execution.accounts import at
from kumitate.execution.transport import HttpTransport
from kumitate.model.request import HttpRequest
from kumitate.sandbox.server import TOKEN, Sandbox

USERS = HttpRequest("POST", "/v26.0/1/users", b"{}", ("p1",))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def secrets(*values: str) -> tuple[Callable[[], str], list[str]]:
    """A secret that has these values in turn, and what was read of it."""
    left, read = list(values), list[str]()

    def value() -> str:
        read.append(left.pop(0) if len(left) > 1 else left[0])
        return read[-1]

    return value, read


def refusals(sandbox: Sandbox, type_: str) -> list[int]:
    return [status for _, _, status in sandbox.calls(type_) if status == 401]


def test_a_refused_token_is_read_again_and_the_request_sent_once_more(sandbox: Sandbox) -> None:
    secret, read = secrets("old", TOKEN)
    transport = at(sandbox.url("meta"), destination_class("meta").terms, secret=secret)
    assert transport.send(USERS).status != 401
    assert read == ["old", TOKEN]
    assert len(refusals(sandbox, "meta")) == 1


def test_a_token_that_is_still_the_same_is_not_tried_again(sandbox: Sandbox) -> None:
    secret, read = secrets("old")
    transport = at(sandbox.url("meta"), destination_class("meta").terms, secret=secret)
    assert transport.send(USERS).status == 401
    assert len(refusals(sandbox, "meta")) == 1
    assert read == ["old", "old"]


def test_a_vendors_address_stands_in_for_none() -> None:
    transport = at(None, destination_class("slack").terms, secret=lambda: "token")
    assert isinstance(transport, HttpTransport)


def test_an_account_that_must_name_its_address_is_told_so() -> None:
    with pytest.raises(FatalError, match="name it in the destination's `url:`"):
        at(None, destination_class("salesforce").terms, secret=lambda: "token")


def test_no_secret_is_read_for_an_account_in_aws() -> None:
    def secret() -> str:
        raise AssertionError("the function's role is its credential")

    at("http://127.0.0.1:9", destination_class("ses").terms, secret=secret)
