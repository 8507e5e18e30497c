"""What an environment is compared with: what stands in the account, a file, a folder, or a state of the repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kumitate.errors import FatalError

if TYPE_CHECKING:
    from kumitate.blueprint.changes import Blueprint
    from kumitate.blueprint.names import Names
    from kumitate.config.environment import Environment

GIT = "git:"
_NOT_THERE = ("NoSuchBucket", "NoSuchKey", "404")


@dataclass(frozen=True, slots=True)
class Compared:
    """`where` says in words what `blueprint` is; there is none where nothing stands or nothing could be asked."""

    blueprint: Blueprint | None
    where: str


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
    """What the last deployment left in the results bucket."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from kumitate.blueprint.changes import KEY, read_blueprint

    bucket = names.bucket("results")
    where = f"s3://{bucket}/{KEY}"
    try:
        answer = boto3.client("s3", region_name=names.region).get_object(Bucket=bucket, Key=KEY)
        return Compared(read_blueprint(answer["Body"].read().decode("utf-8"), where), f"what is deployed ({where})")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOT_THERE:
            return Compared(None, f"nothing: there is no deployment yet ({where})")
        return Compared(None, f"nothing: {where} cannot be read ({code})")
    except BotoCoreError as error:
        return Compared(None, f"nothing: AWS cannot be asked ({type(error).__name__})")
