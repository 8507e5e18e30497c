"""Transport and sandbox over real HTTP: tokens, faults, and answers that are none."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kumitate.activation.destinations.registry import REGISTRY, destination_class
from kumitate.aws.calls import AwsTransport
from kumitate.config.sync import Destination as Account
from kumitate.errors import FatalError, RetryableError
from kumitate.execution.accounts import connect
from kumitate.execution.transport import Credentials, HttpTransport, credentials_of
from kumitate.model.request import AwsCall, HttpRequest
from kumitate.sandbox.aws import model
from kumitate.sandbox.aws_model import broken_rules
from kumitate.sandbox.server import TOKEN, Fault, Sandbox

HELLO = HttpRequest("POST", "/api/chat.postMessage", b'{"channel":"C1","text":"hello"}', ("p1",))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def slack(sandbox: Sandbox, token: str = TOKEN) -> HttpTransport:
    return HttpTransport(sandbox.url("slack"), Credentials(token=token))


def test_the_sandbox_listens_on_this_machine_alone(sandbox: Sandbox) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/meta", sandbox.url("meta"))


def test_what_the_sandbox_holds_outlives_it(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "s.db") as first:
        slack(first).send(HELLO)
    with Sandbox(tmp_path / "s.db") as second:
        assert [message["text"] for message in second.objects("slack", "C1").values()] == ["hello"]


def test_a_wrong_token_is_refused_by_every_vendor(sandbox: Sandbox) -> None:
    for type_ in ("slack", "meta", "google_data_manager", "salesforce"):
        answer = HttpTransport(sandbox.url(type_), Credentials(token="wrong")).send(HELLO)
        assert b"invalid_auth" in answer.body if type_ == "slack" else answer.status == 401


def test_a_redirect_is_not_followed(sandbox: Sandbox) -> None:
    sandbox.fault("slack", Fault(302, headers={"Location": sandbox.url("meta")}))
    assert slack(sandbox).send(HELLO).status == 302
    assert sandbox.calls("meta") == ()


def test_a_cut_connection_is_no_answer_and_may_have_had_its_effect(sandbox: Sandbox) -> None:
    sandbox.fault("slack", Fault(cut=True, works=True))
    with pytest.raises(RetryableError) as caught:
        slack(sandbox).send(HELLO)
    assert caught.value.never_left is False


def test_where_nobody_listens_the_request_never_left() -> None:
    with pytest.raises(RetryableError) as caught:
        HttpTransport("http://127.0.0.1:9", Credentials(token="t")).send(HELLO)
    assert caught.value.never_left is True


def test_faults_come_in_line_and_go(sandbox: Sandbox) -> None:
    sandbox.fault("slack", Fault(429, headers={"Retry-After": "2"}, times=2))
    sandbox.fault("slack", Fault(503))
    transport = slack(sandbox)
    answers = [transport.send(HELLO) for _ in range(4)]
    assert [answer.status for answer in answers] == [429, 429, 503, 200]
    assert answers[0].headers["retry-after"] == "2"


def test_a_grant_is_exchanged_once_and_again_when_refused(sandbox: Sandbox) -> None:
    url = sandbox.url("salesforce")
    secret = f'{{"client_id": "{TOKEN}", "client_secret": "{TOKEN}"}}'
    transport = HttpTransport(url, credentials_of(secret, sign_in_url="/services/oauth2/token", base_url=url))
    call = HttpRequest("POST", "/services/data/v67.0/composite", b"{}", ())
    transport.send(call)
    transport.send(call)
    assert [path for _, path, _ in sandbox.calls("salesforce")].count("/services/oauth2/token") == 1


def test_a_refused_sign_in_says_so_without_the_secret(sandbox: Sandbox) -> None:
    url = sandbox.url("salesforce")
    secret = '{"client_id": "mine", "client_secret": "s3cret"}'
    transport = HttpTransport(url, credentials_of(secret, sign_in_url="/services/oauth2/token", base_url=url))
    with pytest.raises(FatalError, match="invalid_client") as caught:
        transport.send(HELLO)
    assert "s3cret" not in str(caught.value) + repr(credentials_of(secret, sign_in_url="/t", base_url=url))


def test_a_real_account_needs_its_secret_and_the_message_says_which() -> None:
    account = Account(type="slack", url="https://slack.example", secret="team_bot")
    with pytest.raises(FatalError, match="KUMITATE_SECRET_TEAM_BOT"):
        connect(account, destination_class("slack").terms, sandbox=None, environment={})


def test_a_type_without_stand_in_needs_a_url(sandbox: Sandbox) -> None:
    with pytest.raises(FatalError, match="give the destination a url"):
        sandbox.url("telegraph")


def test_aws_speaks_to_nobody_where_nobody_listens() -> None:
    transport = AwsTransport(endpoint_url="http://127.0.0.1:9", sandbox_token=TOKEN)
    with pytest.raises(RetryableError) as caught:
        transport.send(AwsCall("sesv2", "get_account", {}, ()))
    assert caught.value.never_left is True


def test_a_call_that_does_not_fit_the_model_is_refused_without_its_values(sandbox: Sandbox) -> None:
    transport = AwsTransport(endpoint_url=sandbox.url("ses"), sandbox_token=TOKEN)
    answer = transport.send(AwsCall("sesv2", "send_bulk_email", {"FromEmailAddress": "secret@example.jp"}, ()))
    assert answer.status == 400
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "broken"),
    [
        ("customer-profiles", "BatchPutProfileObject", {"DomainName": "d", "ObjectTypeName": "t"}, "Items: missing"),
        (
            "customer-profiles",
            "BatchPutProfileObject",
            {"DomainName": "d", "ObjectTypeName": "t", "Items": [{"Id": "a", "Object": "{}"}] * 11},
            "Items: at most 10",
        ),
        (
            "customer-profiles",
            "BatchPutProfileObject",
            {"DomainName": "a b", "ObjectTypeName": "t", "Items": [{"Id": "a", "Object": "{}"}]},
            "DomainName: must match ^[a-zA-Z0-9_-]+$",
        ),
        ("sesv2", "SendBulkEmail", {"DefaultContent": {}, "BulkEmailEntries": [], "Extra": 1}, "Extra: unknown"),
        (
            "sesv2",
            "SendBulkEmail",
            {
                "DefaultContent": {},
                "BulkEmailEntries": [],
                "ConfigurationOverrides": {"Tracking": {"OpenTrackingEnabled": "YES"}},
            },
            "ConfigurationOverrides.Tracking.OpenTrackingEnabled: must be one of ENABLED, DISABLED",
        ),
        ("sesv2", "SendBulkEmail", {"DefaultContent": {}, "BulkEmailEntries": {}}, "BulkEmailEntries: list expected"),
    ],
)
def test_every_rule_of_an_aws_model_is_checked(service: str, operation: str, parameters: object, broken: str) -> None:
    assert broken_rules(model(service).operation_model(operation).input_shape, parameters) == [broken]


def test_types_are_imported_only_when_asked_for() -> None:
    assert all(":" in target for target in REGISTRY.values())
