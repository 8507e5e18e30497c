"""The estimate counts what is placed, and says what it assumes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kumitate.blueprint.cost import Estimate, estimate
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.prices import prices_in
from kumitate.blueprint.usage import MEANINGS, Range, Usage, exactly, read_usage, that_matter, usage_of
from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"
CLOUD = TEA_SHOP.parent / "cloud"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    return tmp_path


def placed(root: Path, environment: str = "{region: us-east-1}", *, source: str = "") -> Platform:
    """The tea shop in an environment; `source` goes into the description of its orders."""
    (root / "environments").mkdir(exist_ok=True)
    (root / "environments/aws.yaml").write_text(f"dev: {environment}\n", encoding="utf-8")
    text = (TEA_SHOP / "sources/all.yaml").read_text(encoding="utf-8")
    streamed = text.replace("path: data/orders.csv", f"path: data/orders.jsonl\n  format: jsonl\n  {source}")
    (root / "sources/all.yaml").write_text(streamed, encoding="utf-8")
    return platform_of(open_project(root).config, "dev", account="000000000000")


def cost(platform: Platform, **given: Range) -> Estimate:
    return estimate(platform, usage_of(platform, given), prices_in(platform.names.region))


def priced(found: Estimate, service: str) -> list[str]:
    return [each.part.what for each in found.costs if each.part.service == service]


def test_jobs_cost_their_workers_minutes_and_runs(root: Path) -> None:
    platform = placed(root, "{region: us-east-1, workers: {identity: {type: G.2X, count: 5}}}")
    found = cost(platform, runs=exactly(30), job_minutes=exactly(6))
    jobs = {each.part.what: each.part.quantity.expected for each in found.costs if each.part.price == "glue_dpu_hour"}
    assert jobs["job identity"] == pytest.approx(30 * 6 / 60 * 5 * 2)
    assert jobs["job cleanse"] == pytest.approx(30 * 6 / 60 * 2)


def test_spare_capacity_is_cheaper(root: Path) -> None:
    flexible = cost(placed(root, "{region: us-east-1, workers: {default: {flex: true}}}")).by_service["Glue"]
    assert flexible.expected < cost(placed(root)).by_service["Glue"].expected


def test_runs_follow_the_schedule_and_what_arrives(root: Path) -> None:
    daily = usage_of(placed(root), {}).runs
    assert daily.low == pytest.approx(30.4, abs=0.1)
    assert daily.low < daily.expected < daily.high
    assert usage_of(placed(root, "{schedule: rate(6 hours)}"), {}).runs.low == pytest.approx(4 * daily.low)
    pull = "pull: {connector: salesforce, object: Order, connection: crm, schedule: rate(1 hour)}"
    assert usage_of(placed(root, source=pull), {}).runs.expected > 24 * daily.low


def test_streaming_costs_only_where_a_source_streams(root: Path) -> None:
    assert not {"Kinesis", "Firehose"} & cost(placed(root)).by_service.keys()
    assert {"Kinesis", "Firehose"} <= cost(placed(root, source="stream: {}")).by_service.keys()


def test_an_open_stream_is_paid_for_when_nothing_comes(root: Path) -> None:
    quiet, provisioned = (cost(placed(root, source=f"stream: {{{how}}}")) for how in ("", "shards: 2"))
    without = cost(placed(root)).idle.expected
    assert quiet.idle.expected - without == pytest.approx(730 * 0.04, rel=0.05)
    assert provisioned.idle.expected - without == pytest.approx(730 * 2 * 0.015, rel=0.05)


def test_events_kept_longer_cost_more(root: Path) -> None:
    kept = [cost(placed(root, source=f"stream: {{shards: 1, retention_hours: {hours}}}")) for hours in (24, 168)]
    assert kept[1].total.low > kept[0].total.low


def test_an_idle_month_costs_no_jobs_no_queries_no_messages(root: Path) -> None:
    found = cost(placed(root, "{region: us-east-1, messaging: {email: true, sms: true, push: true}}"))
    idle = {each.part.price for each in found.costs if each.idle_usd is not None and each.idle_usd.high > 0}
    assert idle == {
        "s3_gb_month", "kms_key_month", "glue_optimizer_dpu_hour", "sqs_million", "dynamodb_gb_month",
        "alarm_month", "dashboard_month",
    }  # fmt: skip
    assert 0 < found.idle.expected < 15


def test_secrets_are_counted_once(root: Path) -> None:
    (root / "destinations/all.yaml").write_text("chat: {type: slack, secret: slack}\n", encoding="utf-8")
    found = cost(placed(root, "{region: us-east-1, secrets: {slack: tea/slack}}"))
    assert found.by_service["Secrets Manager"] == exactly(0.4)
    pull = "pull: {connector: salesforce, object: Order, secret: slack}"
    shared = cost(placed(root, "{region: us-east-1, secrets: {slack: tea/slack}}", source=pull))
    assert shared.by_service["Secrets Manager"] == exactly(0.8)  # AppFlow keeps a copy of its own


def test_messages_are_paid_for_where_they_are_sent(root: Path) -> None:
    assert "SES" not in cost(placed(root)).by_service
    mails = cost(placed(root, "{region: us-east-1, messaging: {email: true}}"), profiles=exactly(1000))
    assert mails.by_service["SES"].expected == pytest.approx(0.16)


def test_a_service_without_a_known_price_is_named_and_not_counted_as_free(root: Path) -> None:
    instance = "12345678-1234-1234-1234-123456789012"
    found = cost(placed(root, f"{{region: us-east-1, messaging: {{connect_instance: {instance}}}}}"))
    assert [each.part.service for each in found.unpriced] == ["Customer Profiles"]
    assert "Customer Profiles" not in found.by_service


def test_low_expected_and_high_come_in_that_order(root: Path) -> None:
    found = cost(placed(root, "{region: us-east-1, messaging: {email: true}}", source="stream: {}"))
    for each in [*found.by_service.values(), found.total, found.idle]:
        assert 0 <= each.low <= each.expected <= each.high
    assert sum(each.expected for each in found.by_service.values()) == pytest.approx(found.total.expected)
    assert found.idle.expected < found.total.expected


def test_more_people_cost_more(root: Path) -> None:
    platform = placed(root)
    few, many = (cost(platform, profiles=exactly(count)).total.expected for count in (1e4, 1e7))
    assert many > 3 * few


def test_a_regions_own_prices_are_used_where_they_are_known() -> None:
    tokyo, virginia = prices_in("ap-northeast-1"), prices_in("us-east-1")
    assert tokyo["s3_gb_month"].usd != virginia["s3_gb_month"].usd
    assert tokyo["s3_gb_month"].is_regional
    assert not tokyo["kms_key_month"].is_regional
    assert all(price.is_regional for price in virginia.by_name.values())


def test_every_price_says_where_it_is_from_and_when() -> None:
    prices = prices_in("us-east-1")
    assert prices.date.year >= 2026
    assert all(price.source and price.per for price in prices.by_name.values())
    assert [name for name, price in prices.by_name.items() if price.usd is None] == ["customer_profile"]


@pytest.mark.slow
def test_every_price_is_used_by_some_platform(root: Path) -> None:
    instance = "12345678-1234-1234-1234-123456789012"
    messaging = f"messaging: {{email: true, sms: true, push: true, connect_instance: {instance}}}"
    streams = ("stream: {retention_hours: 48}", "stream: {shards: 1, retention_hours: 48}")
    pull = "pull: {connector: salesforce, object: Order, connection: crm}"
    flex = "workers: {default: {flex: true}}"
    platforms = [placed(root, f"{{region: us-east-1, {messaging}}}", source=source) for source in (*streams, pull)]
    platforms.append(platform_of(open_project(CLOUD).config, "dev", account="000000000000"))
    used = {each.part.price for platform in [*platforms, placed(root, f"{{{flex}}}")] for each in cost(platform).costs}
    assert used == prices_in("us-east-1").by_name.keys()


def test_what_is_assumed_is_explained(root: Path) -> None:
    assert MEANINGS.keys() == Usage.__dataclass_fields__.keys()
    assert "events" not in that_matter(placed(root))
    assert "events" in that_matter(placed(root, source="stream: {}"))


def test_assumptions_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    path.write_text("profiles: 250000\nruns: [30, 60, 90]\n", encoding="utf-8")
    assert read_usage(path) == {"profiles": exactly(250_000), "runs": Range(30, 60, 90)}


def test_what_is_wrong_with_assumptions_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    path.write_text("profile: 2\nruns: [90, 60, 30]\nevents: many\nqueries: -1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_usage(path)
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (1, "profile"), (2, "runs"), (3, "events"), (4, "queries"),
    ]  # fmt: skip
    assert "did you mean 'profiles'?" in caught.value.problems[0].what
