"""Whoever asks the lake works under a role: STS lends it, unless it is theirs already, or they may not have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.mock_account import REGION, account
from kumitate.aws.roles import session_as
from kumitate.errors import FatalError

ROLE = "kumitate-tea-dev-analyst"


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with account() as client:
        yield client("sts")


def caller(session: Any) -> str:
    return str(session.client("sts").get_caller_identity()["Arn"])


def test_the_role_is_lent_by_sts(sts: Any) -> None:
    assert "assumed-role" not in sts.get_caller_identity()["Arn"]
    assert caller(session_as(ROLE, region=REGION)) == f"arn:aws:sts::123456789012:assumed-role/{ROLE}/kumitate"


@pytest.mark.usefixtures("sts")
def test_the_role_may_stand_in_the_account_that_the_environment_names() -> None:
    session = session_as(ROLE, region=REGION, account="210987654321")
    assert caller(session).startswith(f"arn:aws:sts::210987654321:assumed-role/{ROLE}/")


def test_who_works_under_the_role_already_is_lent_nothing(sts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given = sts.assume_role(RoleArn=f"arn:aws:iam::123456789012:role/{ROLE}", RoleSessionName="hanako")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
    assert caller(session_as(ROLE, region=REGION)).endswith(f"assumed-role/{ROLE}/hanako")
    other = session_as(ROLE.replace("analyst", "steward"), region=REGION)
    assert caller(other).endswith("-steward/kumitate"), "a role whose name only begins alike is another one"


def test_who_may_not_have_the_role_is_told_whom_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.core import set_initial_no_auth_action_count

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with account() as client:
        client("iam").create_user(UserName="taro")
        key = client("iam").create_access_key(UserName="taro")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])

        @set_initial_no_auth_action_count(0)  # type: ignore[untyped-decorator]  # moto has no types
        def asked() -> None:
            session_as(ROLE, region=REGION)

        with pytest.raises(FatalError, match=rf"may not work under {ROLE} \(AccessDenied\); an administrator lets you"):
            asked()


def test_who_is_not_signed_in_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(FatalError, match=r"NoCredentialsError.*sign in first"):
        session_as(ROLE, region=REGION)
