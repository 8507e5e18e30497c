"""What the machines try again: troubles of AWS, and what our own functions say may go well the next time."""

from typing import Any

from harness.cloud import ACCOUNT, REPOSITORY
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.machines import activation_machine, pipeline_machine
from kumitate.errors import RetryableError
from kumitate.project import open_project


def states() -> dict[str, dict[str, Any]]:
    config = open_project(REPOSITORY / "tests" / "projects" / "cloud").config
    platform = platform_of(config, "dev", account=ACCOUNT)
    machines = pipeline_machine(platform), activation_machine(platform)
    return {f"{place} {name}": state for place, each in enumerate(machines) for name, state in each["States"].items()}


def test_every_function_that_says_try_again_is_called_again() -> None:
    invoked = {name: state for name, state in states().items() if state.get("Resource", "").endswith("lambda:invoke")}
    assert len(invoked) > 6
    for name, state in invoked.items():
        retried = [error for retry in state["Retry"] for error in retry["ErrorEquals"] if retry["MaxAttempts"]]
        assert RetryableError.__name__ in retried, f"{name}: Lambda names an error by its class"
