"""`kumitate trigger` says when triggers would have fired; `kumitate check` says what cannot be decided in real time."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from harness.realtime import WEB, event
from kumitate.cli.main import main
from kumitate.errors import ConfigError
from kumitate.project import open_project

ROOT = Path(__file__).parents[2]
ADDED, ORDERED = {"source": "web", "event": "Added"}, {"source": "web", "event": "Ordered"}
CART: dict[str, Any] = {
    "when": {"sequence": {"steps": [ADDED], "then_not": {"event": ORDERED, "span": "24h"}, "within": "7d"}},
    "once_per": "ever",
    "facts": {"item": {"column": "item"}},
}
KEEN: dict[str, Any] = {
    "when": {"event": {"source": "web", "where": {"column": "path", "is": "/pricing"}}, "within": "7d", "at_least": 3}
}
IDENTIFIERS: dict[str, Any] = {"member_no": {}, "email": {}, "anonymous_id": {"within": "9d"}}
COLLECT = {"write_keys": {"pages": {"key": "shop-web"}}}


def project(root: Path, *, source: dict[str, Any] | None = None, **triggers: Any) -> Path:
    files: dict[str, Any] = {
        "kumitate.yaml": {"project": "shop", "timezone": "Asia/Tokyo", "country": "JP"},
        "sources/web.yaml": {"web": {**WEB, "collect": COLLECT, **(source or {})}},
        "identity/person.yaml": {"person": {"identifiers": IDENTIFIERS}},
        "triggers/it.yaml": triggers,
    }  # fmt: skip
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return root


def problems(root: Path) -> list[str]:
    try:
        open_project(root)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def asked(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["trigger", *words, "--project", str(root)])


def test_triggers_that_can_be_decided_are_all_good(tmp_path: Path) -> None:
    assert problems(project(tmp_path, cart=CART, keen=KEEN)) == []


@pytest.mark.parametrize(
    ("key", "given", "says"),
    [
        ("when", {"event": {"source": "wep"}}, "unknown source 'wep'; did you mean 'web'?"),
        ("when", {"event": ADDED, "exactly": 2, "within": "1d"}, "'exactly' cannot be told in real time"),
        ("when", {"event": ADDED, "at_most": 2, "within": "1d"}, "'at_most' cannot be told in real time"),
        ("when", {"event": ADDED, "at_least": 3}, "missing key 'within'"),
        ("when", {"event": ADDED, "at_least": 501, "within": "1d"}, "at most 500 events of one kind are remembered"),
        ("when", {"all": [{"event": ADDED}, {"first": ORDERED}]}, "missing key 'within' (beside other parts"),
        ("when", {"sequence": {**CART["when"]["sequence"], "within": "24h"}}, "not longer than then_not's span"),
        ("when", {"score": [{**ADDED, "points": -1}], "at_least": 5, "within": "1d"}, "give points only"),
        ("when", {"score": [{**ADDED, "points": 2, "most": 2}], "at_least": 5, "within": "1d"}, "reach 4 points"),
        ("when", {"changed": "plan", "of": ADDED, "from": "gold", "to": "gold"}, "no change, and it never fires"),
        ("when", {"event": ADDED, "at_least": 3, "within": "0d"}, "within: it must be longer than nothing"),
        ("when", {"any": [{"event": ADDED}]}, "one of the keys score, changed, first, sequence, all, event"),
        ("when", {"all": [{"first": ADDED}, {"changed": "plan", "of": ADDED}]}, "'all' is a mapping with one of the"),
        ("when", {"changed": "plam", "of": ADDED}, "unknown column 'plam' in source 'web'; did you mean 'plan'?"),
        ("when", {"event": {**ADDED, "where": {"column": "path", "more_than": 3}}}, "does not suit text"),
        ("when", {"event": {**ADDED, "where": {"column": "phone", "is": "1"}}}, "read as phone, which only"),
        ("when", {"event": {**ADDED, "where": {"column": "double", "is": 1}}}, "made by the lake, and no event has it"),
        ("key", "{person_id}:{itme}", "unknown fact 'itme'; did you mean 'item'?"),
        ("key", "{person_id", "a brace is not closed"),
        ("facts", {"item": {"column": "itme"}}, "unknown column 'itme' in source 'web'; did you mean 'item'?"),
        ("facts", {"item": {"column": "item"}, "fired_id": {"column": "item"}}, "every trigger tells this"),
        ("facts", {"item": {"column": "item", "of": ADDED, "take": "sum"}}, "sum needs a number"),
        ("facts", {"item": {"columns": ["item", "email"], "take": "list"}}, "column 'email' is personal, and facts"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_decided_is_said_with_its_line(tmp_path: Path, key: str, given: Any, says: str) -> None:
    more = {"phone": {"type": "phone"}, "double": {"type": "integer", "sql": "1 + 1"}}
    root = project(tmp_path, source={"columns": {**WEB["columns"], **more}}, cart={**CART, key: given})  # type: ignore[dict-item]  # wrong on purpose
    (problem,) = problems(root)
    assert problem.startswith("triggers/it.yaml:")
    assert f" cart.{key}" in problem
    assert says in problem
    assert "did you mean 'any'" not in problem


def test_a_source_that_does_not_come_in_as_it_happens_triggers_nothing(tmp_path: Path) -> None:
    found = problems(project(tmp_path, source={"collect": None}, keen=KEEN))
    assert found == [
        "triggers/it.yaml:4 keen.when.event.source: source 'web' does not come in as events happen over HTTP;"
        " add 'collect' or 'webhook' to it, or use a segment"
    ]


def lines(tmp_path: Path, *events: str) -> str:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join((*events, "{")) + "\n", encoding="utf-8")
    return str(file)


def views(who: str, *hours: float) -> list[str]:
    marked = [event("Page", hour, f"{who}{hour}", who={"userId": who}) for hour in hours]
    plain = [json.loads(line) | {"context": {"page": {"path": "/pricing"}}} for line in marked]
    return [json.dumps({name: each[name] for name in each if name != "_kumitate"}) for each in plain]


def test_it_tells_when_it_would_have_fired_and_how_near_the_others_came(tmp_path: Path) -> None:
    root = project(tmp_path, keen=KEEN)
    events = lines(tmp_path, *views("m-1", 5, 1, 3), *views("m-2", 0, 24, 216), *views("m-3", 0))
    told = json.loads(asked(root, "test", "keen", "--events", events, "--json").stdout)
    assert [(each["at"], each["who"]) for each in told["fires"]] == [("2026-03-01T05:00:00+00:00", "member_no m**")]
    assert [each["why"] for each in told["not"]] == [
        "2 of 3 × web where path is /pricing; the third came after 9 days",
        "1 of 3 × web where path is /pricing",
    ]
    assert (told["fired"], told["people_not"], told["refused"]) == (1, 2, {"json.invalid": 1})
    shown = asked(root, "test", "keen", "--events", events)
    assert "fired 1 time" in shown.stdout
    assert "m-1" not in shown.output
    alone = json.loads(asked(root, "test", "keen", "--events", events, "--person", "m-3", "--json").stdout)
    assert (alone["fired"], len(alone["not"])) == (0, 1)


def test_of_several_times_that_somebody_came_as_near_the_nearest_is_told(tmp_path: Path) -> None:
    root = project(tmp_path, keen=KEEN)
    events = lines(tmp_path, *views("m-1", 0, 1, 240, 241, 241 + 8 * 24, 5000, 5001))
    told = json.loads(asked(root, "test", "keen", "--events", events, "--json").stdout)
    assert [each["why"] for each in told["not"]] == ["2 of 3 × web where path is /pricing; the third came after 8 days"]


def test_an_order_that_came_in_time_is_why_a_cart_was_not_abandoned(tmp_path: Path) -> None:
    root = project(tmp_path, cart=CART)
    left = event("Added", 0, "l", who={"userId": "m-1"}, item="tea")
    bought = [event("Added", 0, "b", who={"userId": "m-2"}), event("Ordered", 3, "o", who={"userId": "m-2"})]
    told = json.loads(asked(root, "test", "cart", "--events", lines(tmp_path, left, *bought), "--json").stdout)
    assert [(each["at"], each["facts"]) for each in told["fires"]] == [("2026-03-02T00:00:00+00:00", {"item": "tea"})]
    assert [each["why"] for each in told["not"]] == ["Ordered after 3 hours"]


def test_the_cart_that_was_left_alone_longest_is_told(tmp_path: Path) -> None:
    whom = {"userId": "m-1"}
    carts = ("Added", 0), ("Ordered", 20), ("Added", 100), ("Ordered", 101)
    events = lines(tmp_path, *(event(name, hours, who=whom) for name, hours in carts))
    told = json.loads(asked(project(tmp_path, cart=CART), "test", "cart", "--events", events, "--json").stdout)
    assert [each["why"] for each in told["not"]] == ["Ordered after 20 hours"]


def test_an_event_is_looked_at_as_it_happened_and_not_from_today(tmp_path: Path) -> None:
    old = {"source": "web", "event": "Added", "where": {"column": "happened_at", "before": "1h"}}
    root = project(tmp_path, old={"when": {"event": old}})
    told = json.loads(asked(root, "test", "old", "--events", lines(tmp_path, event("Added", 0, "l")), "--json").stdout)
    assert (told["events"], told["matching"], told["not"]) == (1, 0, [])


def test_a_trigger_is_shown_in_words_with_what_it_remembers(tmp_path: Path) -> None:
    root = project(tmp_path, cart=CART, keen=KEEN)
    shown = asked(root, "show", "cart").stdout
    assert "Added, and for 1 day no Ordered; all within 7 days" in shown
    assert "bytes" in shown
    assert [each["trigger"] for each in json.loads(asked(root, "list", "--json").stdout)] == ["cart", "keen"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "kart"), "unknown trigger 'kart'; did you mean 'cart'?"),
        (("test", "cart", "--events", "nothing*.jsonl"), "no such file; give JSON Lines"),
        (("test", "cart", "--events", "lake"), "nothing has run yet"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    found = asked(project(tmp_path, cart=CART), *words)
    assert found.exit_code != 0
    assert says in found.output


def test_the_processor_function_loads_in_its_budget() -> None:
    code = (
        "import json, sys, time; started = time.process_time(); import functions.processor.handler;"
        "print(json.dumps([(time.process_time() - started) * 1000, sorted(sys.modules)]))"
    )
    heavy = {"boto3", "duckdb", "jsonschema", "numpy", "pyarrow", "pydantic", "sqlglot", "yaml"}
    best = float("inf")
    for _ in range(5):
        command = [sys.executable, "-c", code]
        found = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env={"PATH": "/usr/bin:/bin"})
        ms, modules = json.loads(found.stdout)
        assert not heavy & set(modules)
        best = min(best, ms)
        if best <= 300:
            break
    assert best <= 300


def test_what_a_browser_did_long_before_its_last_login_is_its_owners_of_then(tmp_path: Path) -> None:
    root, both = project(tmp_path, cart=CART), {"anonymousId": "a1", "userId": "m1"}
    lines = [
        event("Viewed", 0, who=both),
        event("Added", 1),
        event("Ordered", 2, who=both),
        event("Viewed", 24 * 30, who=both),
    ]
    (root / "past.jsonl").write_text("\n".join(lines), encoding="utf-8")
    told = json.loads(asked(root, "test", "cart", "--events", str(root / "past.jsonl"), "--json").stdout)
    assert told["fires"] == []
    assert [missed["why"] for missed in told["not"]] == ["Ordered after 1 hour"]


def test_a_first_time_is_shown_with_who_else_knows_the_past(tmp_path: Path) -> None:
    root = project(tmp_path, hello={"when": {"first": ADDED, "remember": "30d"}}, keen=KEEN)
    past = "past       a sync holds it (not_first) where the lake knew an earlier one, 30 days back, at the last run"
    assert past in asked(root, "show", "hello").stdout.splitlines()
    assert "past  " not in asked(root, "show", "keen").stdout


@pytest.mark.parametrize("kind", ["bom", "gzip", "stdin"])
def test_events_are_read_from_stdin_with_a_mark_of_their_encoding_and_compressed(tmp_path: Path, kind: str) -> None:
    root = project(tmp_path, ordered={"when": {"event": ORDERED}})
    lines = f"{event('Ordered', 1)}\n{event('Ordered', 30)}\n".encode()
    content = {"bom": b"\xef\xbb\xbf" + lines, "gzip": gzip.compress(lines), "stdin": lines}[kind]
    (tmp_path / "events").write_bytes(content)
    given = "-" if kind == "stdin" else str(tmp_path / "events")
    words = ["trigger", "test", "ordered", "--json", "--events", given, "--project", str(root)]
    found = json.loads(CliRunner().invoke(main, words, input=content).stdout)
    assert (found["fired"], found["refused"]) == (2, {})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"messageId,event\n1,Ordered\n", "2 lines json.invalid; give JSON Lines"),
        (b"[{}]\n", "1 line json.no_object; give JSON Lines"),
        (gzip.compress(os.urandom(5000))[:2000], "broken or ends too early"),
        (None, "no such file"),
    ],
)
def test_a_file_that_holds_no_events_is_said_to_be_none(tmp_path: Path, content: bytes | None, says: str) -> None:
    root = project(tmp_path / "project", ordered={"when": {"event": ORDERED}})
    if content is not None:
        (tmp_path / "events").write_bytes(content)
    found = asked(root, "test", "ordered", "--events", str(tmp_path / "events" if content is not None else tmp_path))
    assert found.exit_code != 0
    assert says in found.output + str(found.exception)


@pytest.mark.parametrize("called", ["Hana@Example.JP", "hana@example.jp", " M1 ", "M1", "a1"])
def test_a_person_is_found_by_whatever_the_events_call_them(tmp_path: Path, called: str) -> None:
    """Written as in the events, or as the lake has it; also by the browser that they were named with."""
    root = project(tmp_path, ordered={"when": {"event": ORDERED}})
    who = {"userId": "M1", "anonymousId": "a1", "context": {"traits": {"email": "Hana@Example.JP"}}}
    lines = [event("Ordered", 1, who=who), event("Ordered", 2, who={"userId": "M2"})]
    (tmp_path / "events").write_text("\n".join(lines), encoding="utf-8")
    words = ("test", "ordered", "--json", "--events", str(tmp_path / "events"), "--person", called)
    assert [each["who"] for each in json.loads(asked(root, *words).stdout)["fires"]] == ["member_no M*"]
