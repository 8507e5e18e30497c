"""What an environment is compared with: what stands in the account, a file, a folder, or a state of the repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kumitate.errors import FatalError

if TYPE_CHECKING:
    from kumitate.blueprint.changes import Blueprint
    from kumitate.blueprint.names import Names
    from kumitate.blueprint.platform import Platform
    from kumitate.config.environment import Environment
    from kumitate.errors import Problem

GIT = "git:"


@dataclass(frozen=True, slots=True)
class Compared:
    """`where` says in words what `blueprint` is; there is none where nothing stands or nothing could be asked."""

    blueprint: Blueprint | None
    where: str
    is_known: bool = True
    """Whether it is known what stands, be it nothing."""


def given_state(against: str, root: Path, names: Names) -> Compared:
    """FILE with a blueprint or a plan, FOLDER with a project, or git:REF of this project."""
    from kumitate.blueprint.changes import read_blueprint

    if against.startswith(GIT):
        return _at_ref(against.removeprefix(GIT), root, names)
    path = Path(against)
    if path.is_dir():
        return Compared(_described(path, names), f"the project in {against}")
    if not path.is_file():
        raise FatalError(f"--against {against}: no such file or folder; a state of the repository is git:{against}")
    return Compared(read_blueprint(path.read_text(encoding="utf-8"), against), against)


def _described(root: Path, names: Names) -> Blueprint | None:
    """What the project in `root` says of the same environment; None where it does not have it."""
    from kumitate.blueprint.changes import blueprint_of
    from kumitate.blueprint.derive import platform_of
    from kumitate.project import open_project

    config = open_project(root).config
    if names.environment not in config.environments:
        return None
    return blueprint_of(platform_of(config, names.environment, account=names.account))


def _at_ref(ref: str, root: Path, names: Names) -> Compared:
    inside = _git(root, "rev-parse", "--show-prefix").decode().strip().rstrip("/")
    content = _git(root, "archive", "--format=tar", ref, ".")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(folder, filter="data")
        return Compared(_described(Path(folder), names), f"{inside or 'the project'} at {ref}")


def _git(root: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)  # noqa: S603, S607 (the git of whoever asks)
    except OSError:
        raise FatalError("git is not installed; give --against a file or a folder") from None
    if done.returncode:
        raise FatalError(f"git {words[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def account_asked(environment: Environment) -> str | None:
    """The account that would be deployed to; None without credentials."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    if boto3.Session().get_credentials() is None:
        return None
    try:
        account = boto3.client("sts", region_name=environment.region).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError):
        return None
    return str(account)


def deployed_state(names: Names) -> Compared:
    """What the templates of the environment's stacks say that they placed."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from kumitate.blueprint.changes import STACKS, joined

    client = boto3.client("cloudformation", region_name=names.region)
    try:
        told = [_told(client, names.called(stack)) for stack in STACKS]
    except ClientError as error:
        return Compared(None, f"nothing: the stacks cannot be read ({error.response['Error']['Code']})", is_known=False)
    except BotoCoreError as error:
        return Compared(None, f"nothing: AWS cannot be asked ({type(error).__name__})", is_known=False)
    standing = [each for each in told if each is not None]
    if not standing:
        return Compared(None, f"nothing: no stack of {names.prefix} stands in {names.account}")
    return Compared(joined(standing, names), f"what is deployed ({len(standing)} stacks in {names.account})")


def absent_secrets(platform: Platform) -> tuple[Problem, ...]:
    """Secrets that the environment names and the account lacks; FatalError where it does not say."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from kumitate.aws.secrets import Secrets
    from kumitate.blueprint.checks import located, missing_secrets

    secrets = Secrets(boto3.client("secretsmanager", region_name=platform.names.region))
    try:
        return located(platform.config, missing_secrets(platform, secrets.is_there))
    except (BotoCoreError, ClientError) as error:
        why = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise FatalError(
            f"Secrets Manager cannot be asked for the environment's secrets ({why});"
            " let whoever plans secretsmanager:DescribeSecret, or plan with --offline"
        ) from None


def _told(client: Any, stack: str) -> str | None:
    """A stack's own word of what it places; None where there is no such stack, or it says nothing."""
    from botocore.exceptions import ClientError

    from kumitate.blueprint.changes import METADATA

    try:
        body = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    except ClientError as error:
        if "does not exist" in (error.response["Error"].get("Message") or ""):
            return None
        raise
    said: str | None = body.get("Metadata", {}).get(METADATA) if isinstance(body, dict) else None
    return said
