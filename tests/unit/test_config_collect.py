"""Mistakes in what takes in calls are said with file, line and what to write instead."""

import json
import re
import shutil
from pathlib import Path

import pytest

from kumitate.errors import ConfigError, FatalError
from kumitate.events.collecting import collecting_of, from_json, to_json
from kumitate.project import open_project

ROOT = Path(__file__).parents[2]
TEA_SHOP = ROOT / "tests/projects/tea_shop"
GUIDE = ROOT / "docs/guides/collect-events.md"
SHOP = ROOT / "examples/shop"
SOURCE = """web:
  kind: events
  path: data/none.jsonl
  format: jsonl
  key: [id]
  time: at
  columns: {id: {from: messageId}, at: {from: timestamp, type: timestamp}, price: {from: properties.price}}
"""
COLLECT = "  collect: {write_keys: {pages: {key: web-key}}}\n"
WEBHOOK = """  webhook:
    path: pay
    signature: {scheme: stripe, header: Stripe-Signature, secret: pay}
    event: type
    id: id
"""


def problems(root: Path, text: str, **files: str) -> list[str]:
    shutil.copytree(TEA_SHOP, root, dirs_exist_ok=True)
    for folder, content in {**files, "sources": text}.items():
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "added.yaml").write_text(content, encoding="utf-8")
    try:
        open_project(root)
    except ConfigError as error:
        return [str(problem).removeprefix("sources/added.yaml:") for problem in error.problems]
    return []


def test_a_source_that_takes_calls_is_good(tmp_path: Path) -> None:
    environment = "dev: {secrets: {pay: shop/pay}}\n"
    assert problems(tmp_path, SOURCE + COLLECT + WEBHOOK, environments=environment) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kind: events", "kind: records", "8 web.collect: what is called in is events; the source's kind is records"),
        ("format: jsonl", "format: csv", "4 web.format: events that are called in are kept as jsonl, not csv"),
        (
            "messageId",
            "message_id",
            "5 web.key: an event sent twice is one by its messageId; make the key a column with 'from: messageId'",
        ),
        *(
            (
                "key: web-key",
                f"key: {key}",
                "8 web.collect.write_keys.pages.key: SDKs send a key as a user's name and in addresses; write it with"
                " letters, digits and . _ ~ -",
            )
            for key in ("'web:key'", "'web key'", "web/key", "店の鍵だよ")
        ),
        (
            "key: web-key",
            "key: web-key, origins: [https://shop.example.jp/]",
            "8 web.collect.write_keys.pages.origins[0]: 'https://shop.example.jp/' is no origin; write"
            " https://shop.example.jp, https://*.example.jp or http://localhost:*",
        ),
        (
            "key: web-key",
            "key: web-key, valid_until: 2026-12-01T00:00:00",
            "8 web.collect.write_keys.pages.valid_until: a time has an offset; write 2026-12-01T00:00:00+09:00",
        ),
        (
            "key: web-key",
            "key: web-key, valid_from: 2026-12-01T00:00:00Z, valid_until: 2026-11-01T00:00:00Z",
            "8 web.collect.write_keys.pages.valid_until: the key ends before it begins",
        ),
        (
            "pages: {key: web-key}",
            "pages: {key: web-key}, app: {key: web-key}",
            "8 web.collect.write_keys.app: 'web.pages' is the same key; give each its own",
        ),
        (
            "pages: {key: web-key}",
            "pages: {key: web-key}, app: {sha256: bb8f9c5f10937f4cbb4a9e03e0bb99e8c6fc36a1e7d2e5b13d0ba6d2f8bf0d3c}",
            "",
        ),
        (
            "collect: {",
            "collect: {allow: [context.page.*], ",
            "8 web.collect.allow: column 'price' reads 'properties.price', which is not kept; allow it, or leave the"
            " column out",
        ),
        (
            "collect: {",
            "collect: {allow: [properties, product_id], ",
            "8 web.collect.allow[1]: 'product_id': write properties.product_id, traits.email or context.page.*; an"
            " event's ids, names and times are kept anyway",
        ),
        (
            "price: {from: properties.price}}\n  collect: {",
            "tier: {}}\n  collect: {allow: [properties], ",
            "8 web.collect.allow: column 'tier' reads 'tier', which is not kept; send it in properties, and allow it",
        ),
        (
            "key: web-key",
            "key: web-key, sha256: 'x'",
            "8 web.collect.write_keys.pages.sha256: 'x' does not match ^[0-9a-f]{64}$",
        ),
    ],
)
def test_a_mistake_in_what_is_collected_is_said(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = SOURCE + COLLECT
    assert text.count(old) == 1
    found = problems(tmp_path, text.replace(old, new))
    assert says in found if says else found == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "secret: pay}",
            "secret: Pay Key}",
            "10 web.webhook.signature.secret: a name is lower_snake_case (a-z, 0-9, _); write 'pay_key'",
        ),
        (
            "secret: pay}",
            "secret: money}",
            "10 web.webhook.signature.secret: no environment says where secret 'money' is; name it under 'secrets' in"
            " environments/*.yaml",
        ),
        (
            "event: type",
            "event: 'header:X Topic'",
            "11 web.webhook.event: 'header:X Topic' names no header; write header:X-Shopify-Topic",
        ),
        ("id: id\n", "id: data..id\n", "12 web.webhook.id: 'data..id' is no path; write customer.id"),
        (
            "id: id\n",
            "id: id\nother:\n" + SOURCE.split("\n", 1)[1] + WEBHOOK,
            "21 other.webhook.path: source 'web' is called there already; choose another",
        ),
        (
            "secret: pay}",
            "secret: pay, prefix: 'v1='}",
            "10 web.webhook.signature.prefix: stripe's header has its own form; leave the prefix out",
        ),
    ],
)
def test_a_mistake_in_a_webhook_is_said(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = SOURCE + WEBHOOK
    assert text.count(old) == 1
    assert says in problems(tmp_path, text.replace(old, new), environments="dev: {secrets: {pay: shop/pay}}\n")


def test_what_the_guide_shows_is_a_project(tmp_path: Path) -> None:
    first, *webhooks = re.findall(r"```yaml\n(.+?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    common = (
        first.split("  collect:")[0].split("\n", 1)[1].replace("  path: data/web_events*.jsonl", "  path: data/x.jsonl")
    )
    sources = [first, *(hook.replace("  webhook:", common + "  webhook:") for hook in webhooks)]
    secrets = "dev: {secrets: {shopify: shop/shopify, stripe: shop/stripe}}\n"
    assert len(sources) == 3
    assert problems(tmp_path, "".join(sources), environments=secrets) == []


def test_what_a_collector_knows_survives_its_file(tmp_path: Path) -> None:
    contracts = 'web_order: {source: web, event: Order, versions: {"1.0": {properties: {day: {const: 2026-01-01}}}}}\n'
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    times = "valid_from: 2026-11-01T00:00:00Z, origins: [https://shop.example.jp]"
    collect = f"  collect: {{write_keys: {{pages: {{key: web-key, {times}}}}}, allow: [properties.price]}}\n"
    for name, text in {"sources": SOURCE + collect + WEBHOOK, "contracts": contracts}.items():
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "added.yaml").write_text(text, encoding="utf-8")
    collecting = collecting_of(open_project(tmp_path).config)
    assert from_json(to_json(collecting)) == collecting
    (intake,) = collecting.intakes
    assert intake.contracts[0].versions["1.0"]["properties"]["day"] == {"const": "2026-01-01"}
    assert (intake.keys[0].valid_from, intake.hook.path if intake.hook else "") == (1793491200.0, "pay")


def test_a_file_that_is_none_of_ours_is_refused() -> None:
    for text in ("", "[]", json.dumps({"intakes": [{"source": "a"}]}), '{"intakes": 1}'):
        with pytest.raises(FatalError, match="deploy again"):
            from_json(text)


def test_the_examples_pages_may_send_events() -> None:
    (intake,) = (each for each in collecting_of(open_project(SHOP).config).intakes if each.source == "web_events")
    assert [key.value for key in intake.keys] == ["shop-web"]
    assert intake.consent == {"advertising": "advertising/ads", "marketing_email": "marketing/email"}
