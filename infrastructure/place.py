"""Places one project in one environment: the stacks of its platform, tagged, nothing where the project is wrong."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from constructs import Node

from infrastructure.activation_stack import ActivationStack
from infrastructure.emulator import leave_out_refused
from infrastructure.ingest_stack import IngestStack
from infrastructure.messaging_stack import MessagingStack, is_needed
from infrastructure.operations_stack import DEPLOYMENT_TAG, OperationsStack
from infrastructure.pipeline_stack import PipelineStack
from infrastructure.query_stack import QueryStack
from infrastructure.realtime_stack import RealTimeStack
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.changes import stack_metadata
from kumitate.blueprint.checks import open_deployable
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.platform import Platform
from kumitate.errors import FatalError

_NOBODYS = "000000000000"


def place(app: cdk.App) -> Platform:
    """Stacks for `-c project=<folder> -c env=<name>`; ConfigError with every problem of the project's files."""
    root, environment = Path(_given(app.node, "project")), _given(app.node, "env")
    config = open_deployable(root, environment).config
    platform = platform_of(config, environment, account=_account())
    place_stacks(app, platform)
    return platform


def hold_to_rules(app: cdk.App) -> None:
    """From here on a finding of the security rules, or of CloudFormation's own, ends the synthesis."""
    app.node.set_context("@aws-cdk/core:validateAgainstDefaultRules", True)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def place_stacks(app: cdk.App, platform: Platform) -> None:
    """Every stack of the platform, held to the rules."""
    hold_to_rules(app)
    # Said outright: a stack refuses to drop what another one still uses.
    app.node.set_context("@aws-cdk/core:defaultCrossStackReferences", "strong")
    options = partial(_options, platform)
    storage = StorageStack(app, **options("storage", "What holds data: key, buckets, databases, tables, ledger, bus"))
    ingest = IngestStack(app, **options("ingest", "How data comes in: flows, streams, the drop zone"), storage=storage)
    QueryStack(app, **options("query", "How people and functions ask the lake"), storage=storage)
    pipeline = options("pipeline", "From files to segments: jobs, machine, schedule")
    PipelineStack(app, **pipeline, storage=storage, ingest=ingest)
    if platform.routes:
        activation = options("activation", "From segments to destinations: queues, deliveries")
        ActivationStack(app, **activation, storage=storage)
    if platform.is_real_time:
        realtime = options("realtime", "Events in real time: collector, processor, what triggers start")
        RealTimeStack(app, **realtime, storage=storage).add_dependency(ingest)
    if is_needed(platform.environment.messaging):
        MessagingStack(app, **options("messaging", "Channels, and the way of their results back"), storage=storage)
    OperationsStack(app, **options("operations", "Dashboard, alarms, notifications, budget"), storage=storage)
    for tag, value in _tags(platform).items():
        cdk.Tags.of(app).add(tag, value)
    _tell_what_is_deployed(app, platform)
    leave_out_refused(app)


def _options(platform: Platform, name: str, purpose: str) -> dict[str, Any]:
    called = platform.names.called(name)
    return {"id_": called, "stack_name": called, "description": purpose, "platform": platform, "env": _env(platform)}


def _tell_what_is_deployed(app: cdk.App, platform: Platform) -> None:
    """Each stack carries its part of the plan, so that `kumitate plan` can read what is deployed."""
    for stack in app.node.children:
        if isinstance(stack, cdk.Stack):
            name = stack.stack_name.removeprefix(platform.names.called(""))
            stack.template_options.metadata = stack_metadata(platform, name)


def _given(node: Node, name: str) -> str:
    value = node.try_get_context(name)
    if not value:
        raise FatalError(f"no {name} given; for example: cdk synth -c project=examples/shop -c env=dev")
    return str(value)


def _account() -> str:
    """Whoever deploys; without credentials nobody's, which the CDK refuses to deploy to: synthesis needs no account."""
    return os.environ.get("CDK_DEFAULT_ACCOUNT") or _NOBODYS


def _env(platform: Platform) -> cdk.Environment:
    return cdk.Environment(account=platform.names.account, region=platform.names.region)


def _tags(platform: Platform) -> dict[str, str]:
    """For cost reports: what belongs to which project and environment."""
    names = platform.names
    own = {
        "kumitate:project": names.project,
        "kumitate:environment": names.environment,
        DEPLOYMENT_TAG: names.prefix,
    }
    return {**own, **platform.environment.tags}
