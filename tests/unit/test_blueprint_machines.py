"""What the machines try again: troubles of AWS, and what our own functions say may go well the next time."""

import shutil
from pathlib import Path
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


def test_an_event_that_the_bus_took_no_notice_of_is_put_again() -> None:
    """Its call goes well, and Step Functions names an error of its own."""
    told = {name: state for name, state in states().items() if state.get("Resource", "").endswith("events:putEvents")}
    assert len(told) >= 3
    for name, state in told.items():
        retried = [error for retry in state["Retry"] for error in retry["ErrorEquals"] if retry["MaxAttempts"]]
        assert "EventBridge.FailedEntry" in retried, name


def pipeline(folder: Path, *, rules: str = "") -> dict[str, dict[str, Any]]:
    """The pipeline's states, with these quality rules and no others."""
    shutil.copytree(REPOSITORY / "tests" / "projects" / "cloud", folder, dirs_exist_ok=True)
    for path in (folder / "quality").iterdir():
        path.unlink()
    (folder / "quality/rules.yaml").write_text(rules, encoding="utf-8")
    platform = platform_of(open_project(folder).config, "dev", account=ACCOUNT)
    found: dict[str, dict[str, Any]] = pipeline_machine(platform)["States"]
    return found


def test_a_project_without_quality_rules_pays_for_no_job_that_judges(tmp_path: Path) -> None:
    found = pipeline(tmp_path)
    assert {"quality", "profile_quality", "Source gate"} & found.keys() == set()
    assert found["Measure cleanse"]["Next"] == "identity"
    assert found["Measure segments"]["Next"] == "Quality gate"


def test_what_a_rule_stops_ends_as_held_before_persons_are_looked_for(tmp_path: Path) -> None:
    found = pipeline(tmp_path, rules="members: {unique: [[member_no]]}\nprofiles: {unique: [[person_id]]}\n")
    assert found["Measure cleanse"]["Next"] == "quality"
    assert found["Measure quality"]["Next"] == "Source gate"
    assert found["Source gate"]["Arguments"]["Payload"]["only"] == "stop"
    gate = found[found["Source gate"]["Next"]]
    assert [choice["Next"] for choice in gate["Choices"]] == ["End held run"]
    assert gate["Default"] == "identity"
    assert found["Measure segments"]["Next"] == "profile_quality"
    assert found["Measure profile_quality"]["Next"] == "Quality gate"
