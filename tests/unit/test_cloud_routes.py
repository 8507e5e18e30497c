"""Routes say all that a delivery needs, and the function that delivers loads little else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.activations import SLACK, UPSERT, project
from kumitate.activation.destinations.registry import REGISTRY, destination_for
from kumitate.activation.routes import Route, destination_of, from_json, routes, to_json
from kumitate.config.environment import Environment
from kumitate.errors import FatalError
from kumitate.project import open_project

ROOT = Path(__file__).parents[2]
ALERT = {**UPSERT, "destination": "team", "object": None, "mode": "append", "fields": {"text": "{id}"}, "settings": {}}
CRM = {"type": "salesforce", "secret": "crm", "url": "https://shop.my.salesforce.example"}
MAX_CPU_MS = 300
HEAVY = ("boto3", "duckdb", "jsonschema", "numpy", "phonenumbers", "pyarrow", "sqlglot", "yaml")
MEASURE = """
import json, sys, time
started = time.process_time()
import functions.delivery.handler
print(json.dumps({"ms": (time.process_time() - started) * 1000, "modules": sorted(sys.modules)}))
"""

WITHOUT = """
import sys
for name in ("click", "duckdb", "jinja2", "jsonschema", "numpy", "pyarrow", "pyiceberg", "scipy", "sqlglot", "yaml"):
    sys.modules[name] = None
import functions.delivery.handler, functions.planner.handler
import kumitate.aws.calls
from kumitate.activation.destinations.registry import REGISTRY, destination_class
for type_ in REGISTRY:
    destination_class(type_)
print(*sorted(REGISTRY))
"""
"""What the functions' bundle does not hold cannot be imported."""


def fresh(code: str) -> str:
    """What a new interpreter prints, with no environment to speak of."""
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, check=True, cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, text=True
    ).stdout


def test_a_route_names_its_account_settings_and_secret() -> None:
    config = project({"b": UPSERT, "a": ALERT}, crm=CRM, **SLACK)
    alert, upsert = routes(config, Environment(secrets={"crm": "shop/crm"}))
    assert upsert == Route(
        sync="b",
        account="crm",
        type="salesforce",
        settings={"external_id": "Kumitate_Key__c", "mode": "upsert", "object": "Contact"},
        secret="shop/crm",
        url="https://shop.my.salesforce.example",
        seconds_between_requests=0.0,
    )
    assert (alert.sync, alert.account, alert.settings) == ("a", "team", {"channel": "C1", "sync": "a"})


def test_routes_survive_their_file_and_make_the_projects_own_destinations() -> None:
    config = open_project(ROOT / "examples/shop").config
    found = from_json(to_json(routes(config, config.environments["dev"])))
    assert set(found) == set(config.syncs)
    for sync, route in found.items():
        assert destination_of(route) == destination_for(config, sync)
    assert {route.type for route in found.values()} <= set(REGISTRY)


def test_a_file_that_is_none_of_ours_is_refused() -> None:
    for text in ("", "{}x", json.dumps([{"sync": "a"}])):
        with pytest.raises(FatalError, match="deploy again"):
            from_json(text)


def test_two_deliveries_at_a_time_keep_to_the_accounts_limit_together() -> None:
    config = project({"a": ALERT}, team={**SLACK["team"], "requests_per_second": 4})
    (route,) = routes(config, Environment())
    assert (route.seconds_between_requests, route.pace) == (0.25, 0.5)


@pytest.mark.parametrize(("seconds", "rows"), [(0.0, 1_000), (0.1, 1_000), (1.0, 150), (10_000.0, 1)])
def test_pages_for_slow_accounts_are_short(seconds: float, rows: int) -> None:
    assert Route("a", "team", "slack", {}, None, None, seconds).rows_a_page == rows


def test_a_secret_stands_nowhere_in_what_a_route_shows() -> None:
    assert "hidden" not in repr(Route("a", "team", "slack", {"token": "hidden"}, None, None, 0.0))


def test_the_delivery_function_loads_in_its_budget() -> None:
    best = float("inf")
    for _ in range(5):
        told = json.loads(fresh(MEASURE))
        assert not set(HEAVY) & set(told["modules"])
        best = min(best, told["ms"])
        if best <= MAX_CPU_MS:
            break
    assert best <= MAX_CPU_MS


@pytest.mark.slow
def test_every_destination_works_with_what_the_functions_carry() -> None:
    assert fresh(WITHOUT).split() == sorted(REGISTRY)
