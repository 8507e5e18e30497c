"""A run killed while it delivers is closed: nothing leaves twice, what is left is planned anew by today's rules."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.projects import BAKERY, copy_of, rows, run
from kumitate.cli.main import main
from kumitate.errors import FatalError
from kumitate.execution.runs import RunLog

pytestmark = pytest.mark.slow

PEOPLE = 40
KILLED_AFTER = 12
RUN = "from kumitate.cli.main import main; main()"
SYNC = """avis:
  destination: hook
  object: once
  segment: fideles
  mode: append
  key: "{{numero}}"
  consent: {{purpose: marketing, channel: email}}
  settings: {{path: /hooks/in}}
  fields: {{text: "{text}"}}
"""
CONSENTS = """accords:
  kind: events
  path: data/accords*.csv
  delimiter: ";"
  key: row
  time: at
  identifiers: {numero: numero}
  columns:
    row: {type: id, required: true}
    numero: {type: id, required: true}
    purpose: {required: true}
    channel: {required: true}
    granted: {type: boolean, required: true}
    at: {type: timestamp, required: true, formats: ["%d/%m/%Y %H:%M"]}
"""


@dataclass
class Hook:
    """A receiver that writes down what it is sent, and kills the sender before it answers the twelfth time."""

    port: int
    seen: list[dict[str, Any]] = field(default_factory=list)
    sender: subprocess.Popen[bytes] | None = None

    def keys(self) -> Counter[str]:
        return Counter(each["key"] for each in self.seen)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            found.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if found.sender is not None and len(found.seen) == KILLED_AFTER:
                found.sender.kill()
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Hook(server.server_address[1])
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        monkeypatch.setenv("KUMITATE_SECRET_HOOK", "a long random text")
        yield found
        server.shutdown()
        serving.join()


def numbers(first: int = 1, last: int = PEOPLE) -> list[str]:
    return [f"C{number:05d}" for number in range(first, last + 1)]


def consents(root: Path, name: str, keys: list[str], *, granted: bool, day: int) -> None:
    lines = [f"{name}-{key};{key};marketing;email;{str(granted).lower()};{day:02d}/01/2026 09:30" for key in keys]
    text = "\n".join(["row;numero;purpose;channel;granted;at", *lines, ""])
    (root / f"data/accords-{name}.csv").write_text(text, encoding="utf-8")


def sync(root: Path, text: str = "ancien") -> None:
    (root / "syncs/avis.yaml").write_text(SYNC.format(text=text), encoding="utf-8")


@pytest.fixture
def killed(tmp_path: Path, hook: Hook) -> Path:
    """A bakery whose first run was killed with SIGKILL: twelve of its messages had left, the last is not answered."""
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    shutil.rmtree(root / "syncs")
    (root / "syncs").mkdir()
    with (root / "kumitate.yaml").open("a", encoding="utf-8") as project:
        project.write("\nconsent: {source: accords}\n")
    (root / "sources/accords.yaml").write_text(CONSENTS, encoding="utf-8")
    account = f'hook: {{type: webhook, secret: hook, url: "http://127.0.0.1:{hook.port}"}}\n'
    (root / "destinations/hook.yaml").write_text(account, encoding="utf-8")
    person = root / "identity/person.yaml"
    named = person.read_text(encoding="utf-8").replace(
        "attributes:\n", "attributes:\n    numero: {policy: most_recent}\n"
    )
    person.write_text(named, encoding="utf-8")
    sync(root)
    people = [f"{key};P{key};N{key};{key}@example.com;;120;02/01/2026 09:30" for key in numbers()]
    head = "numero;prenom;nom;courriel;telephone;points;modifie"
    (root / "data/clients.csv").write_text("\n".join([head, *people, ""]), encoding="utf-8")
    consents(root, "1", numbers(), granted=True, day=2)
    hook.sender = subprocess.Popen([sys.executable, "-c", RUN, "run", str(root)], stdout=subprocess.DEVNULL)
    assert hook.sender.wait(120) == -signal.SIGKILL
    hook.sender = None
    assert len(hook.seen) == KILLED_AFTER
    return root


def verdicts(root: Path) -> Counter[tuple[str, str, str]]:
    found = rows(root, "select run_id, verdict, reason from activation.outcomes")
    return Counter(tuple(each) for each in found)


def nobody_twice(hook: Hook) -> None:
    assert hook.keys() == Counter(numbers())


def test_nothing_leaves_twice_where_a_shorter_run_comes_between(killed: Path, hook: Hook) -> None:
    gone = len(hook.seen)
    between = run(killed, until="segments")
    assert between.closed is not None
    assert (between.run_id, between.closed.run_id) == ("r000002", "r000001")
    assert (between.closed.accepted, between.closed.unknown) == (gone - 1, 1)
    assert between.closed.left == PEOPLE - gone
    assert len(hook.seen) == gone
    assert run(killed).closed is None
    nobody_twice(hook)
    first = RunLog(killed / ".kumitate/runs.db").all()[-1]
    assert (first.note, first.finished_at is None) == ("interrupted", False)
    assert verdicts(killed)["r000001", "retry", "run.interrupted"] == PEOPLE - gone
    again = len(hook.seen)
    run(killed)
    assert len(hook.seen) == again


def test_a_sync_that_was_being_delivered_must_be_put_back_and_nothing_of_it_is_forgotten(
    killed: Path, hook: Hook
) -> None:
    gone = len(hook.seen)
    (killed / "syncs/avis.yaml").unlink()
    for _ in range(2):
        with pytest.raises(FatalError, match=r"sync avis was being delivered when run r000001 was interrupted; put it"):
            run(killed)
    sync(killed)
    run(killed)
    nobody_twice(hook)
    assert len(hook.seen) > gone


def test_who_withdraws_consent_after_the_kill_is_sent_nothing(killed: Path, hook: Hook) -> None:
    gone = len(hook.seen)
    consents(killed, "2", numbers(), granted=False, day=10)
    run(killed)
    assert len(hook.seen) == gone


def test_what_is_left_goes_with_the_text_of_now_and_in_the_figures_of_the_new_run(killed: Path, hook: Hook) -> None:
    gone = len(hook.seen)
    sync(killed, "nouveau")
    told = CliRunner().invoke(main, ["run", str(killed)])
    assert told.exit_code == 0, told.output
    assert "closed r000001, interrupted while delivering: " in told.output
    assert {each["fields"]["text"] for each in hook.seen[gone:]} == {"nouveau"}
    nobody_twice(hook)
    assert sum(n for (id_, verdict, _), n in verdicts(killed).items() if (id_, verdict) == ("r000002", "accepted")) == (
        PEOPLE - gone
    )


def test_a_rehearsal_says_first_that_a_run_is_to_be_closed_and_counts_nothing_that_has_left(
    killed: Path, hook: Hook
) -> None:
    gone = len(hook.seen)
    planned = CliRunner().invoke(main, ["run", str(killed), "--dry-run"])
    assert "r000001 was interrupted: it is closed by the next run" in planned.output
    rehearsed = CliRunner().invoke(main, ["sync", "avis", "--dry-run", "--json", "--project", str(killed)])
    assert rehearsed.exit_code == 0, rehearsed.output
    found = json.loads(rehearsed.stdout)
    assert (found["interrupted"], found["requests"], found["creates"]) == ("r000001", PEOPLE - gone, PEOPLE - gone)
    said = CliRunner().invoke(main, ["sync", "avis", "--dry-run", "--project", str(killed)])
    assert said.stdout.startswith("r000001 was interrupted while delivering: the next run closes it first")
    assert len(hook.seen) == gone
    assert RunLog(killed / ".kumitate/runs.db").all()[0].finished_at is None
