"""Working under a role of the account: what STS lends to whoever may assume it."""

from __future__ import annotations

from typing import Any

from kumitate.errors import FatalError

_SESSION = "kumitate"
"""What CloudTrail calls the session, beside who asked for it."""


def session_as(role: str, *, region: str, account: str | None = None) -> Any:
    """boto3's session under the role of that name; the caller's own where it works under that role already.

    `account` is where the role stands, the caller's own unless it is given.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    own = boto3.Session(region_name=region)
    client = own.client("sts")
    try:
        caller = client.get_caller_identity()
        wanted = f"arn:aws:iam::{account or caller['Account']}:role/{role}"
        if _works_under(wanted, caller["Arn"]):
            return own
        lent = client.assume_role(RoleArn=wanted, RoleSessionName=_SESSION)["Credentials"]
    except ClientError as error:
        raise _refused(role, error.response["Error"]["Code"]) from None
    except BotoCoreError as error:
        raise FatalError(f"AWS cannot be asked ({type(error).__name__}); sign in first, e.g. aws sso login") from None
    return boto3.Session(
        aws_access_key_id=lent["AccessKeyId"],
        aws_secret_access_key=lent["SecretAccessKey"],
        aws_session_token=lent["SessionToken"],
        region_name=region,
    )


def _works_under(role: str, caller: str) -> bool:
    """A session of `…:iam::1:role/analyst` is called `…:sts::1:assumed-role/analyst/<session>`."""
    return caller.startswith(role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/")


def _refused(role: str, code: str) -> FatalError:
    return FatalError(
        f"you may not work under {role} ({code}); an administrator lets you by sts:AssumeRole on that role,"
        " see docs/guides/deploy.md, or choose another with --as"
    )
