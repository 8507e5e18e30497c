"""Every role has what its work needs and nothing else: each need is simulated, and each statement taken away once."""

from __future__ import annotations

import shutil

import pytest

from harness.cloud import ACCOUNT, REPOSITORY, synthesize, templates
from harness.iam import Answer, ask, idle_actions, surplus, unmet
from harness.permissions import needs
from harness.placed import Account
from kumitate.blueprint.derive import platform_of
from kumitate.project import open_project

pytestmark = pytest.mark.emulator

PROJECTS = ("tests/projects/cloud", "examples/shop")
WRAPPERS = ("framework-onEvent/ServiceRole", "AWS679f53fac002430cb0da5b7982bd2287/ServiceRole")
"""The CDK's own functions around a custom resource; their role comes with a policy of AWS that writes logs."""
NOT_OURS = {
    # The CDK lets a rule look at the queue that it may send to; it comes with the grant.
    "Arrivals/Queue/Policy": {"sqs:GetQueueAttributes", "sqs:GetQueueUrl"},
}
"""Actions that nobody needs and that cannot be had without: holder -> actions."""


@pytest.fixture(scope="module", params=PROJECTS)
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """All that a project places, nothing left out for the emulator."""
    project = REPOSITORY / str(request.param)
    out = tmp_path_factory.mktemp("everything") / "assembly"
    synthesize(out, app="app.py", context={"project": str(project), "env": "dev", "bundles": "skip"})
    found = templates(out)
    shutil.rmtree(out)
    return Account.of(found, platform_of(open_project(project).config, "dev", account=ACCOUNT))


@pytest.fixture(scope="module")
def answers(account: Account) -> list[Answer]:
    return ask(account.policies, [(need, "") for need in needs(account)])


def test_every_need_is_met_and_every_prohibition_holds(answers: list[Answer]) -> None:
    assert not unmet(answers)


def test_without_any_one_statement_some_work_cannot_be_done(account: Account, answers: list[Answer]) -> None:
    assert len(account.policies.statements) > 100
    assert not surplus(account.policies, answers)


def test_no_statement_grants_an_action_that_nobody_needs(account: Account, answers: list[Answer]) -> None:
    idle = idle_actions(account.policies, answers)
    spare = {(holder, action) for holder, actions in NOT_OURS.items() for action in actions}
    assert not [each for each in idle if not any(holder in each and each.endswith(action) for holder, action in spare)]


def test_no_role_has_a_policy_that_is_not_written_here(account: Account) -> None:
    managed = {role.path for role in account.policies.roles.values() if role.managed}
    assert all(path.endswith(WRAPPERS) for path in managed), managed
