"""Events through a collector into the lake while its clients send again, it is killed, and it throttles.

`python bench/collector_flow.py FOLDER EVENTS KILLS` prints what came of it as JSON.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kumitate.execution.run import execute
from kumitate.execution.workspace import open_workspace
from kumitate.model.step import Query

_PROJECT = {
    "kumitate.yaml": "project: bench\n",
    "sources/web.yaml": """\
web:
  kind: events
  path: data/none*.jsonl
  format: jsonl
  key: [message_id]
  time: happened_at
  event: event
  identifiers: {anonymous_id: anonymous_id, member_no: member_no}
  collect:
    write_keys:
      free: {key: bench-free}
      slow: {key: bench-slow, events_per_second: 200}
  columns:
    message_id: {from: messageId, type: id, required: true}
    event: {}
    anonymous_id: {from: anonymousId, type: id}
    member_no: {from: userId, type: id}
    product_id: {from: properties.product_id, type: id}
    happened_at: {from: timestamp, type: timestamp, required: true}
""",
    "identity/person.yaml": """\
person:
  identifiers: {member_no: {}, anonymous_id: {}}
  attributes: {member_no: {}}
""",
}


@dataclass(slots=True)
class Flow:
    """What a run of the flow came to."""

    events: int
    kills: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    """By status; `cut` are calls without an answer."""
    seconds: float = 0.0
    """Until everything was acknowledged."""
    ingest_seconds: float = 0.0
    rows: int = 0
    distinct: int = 0
    runs: int = 0
    """Runs of the pipeline while events came in."""

    @property
    def lost(self) -> int:
        return self.events - self.distinct

    @property
    def doubled(self) -> int:
        return self.rows - self.distinct


def flow(folder: Path, events: int, *, kills: int, runs: int = 1) -> Flow:
    """Send `events`; kill the collector `kills` times and run the pipeline `runs` times meanwhile, and once after."""
    project = _project(folder / "project")
    port, done, began = _free_port(), Flow(events), time.perf_counter()
    collector = _begin(project, port)
    try:
        client = _client(port, events)
        kill_at = [events * (number + 1) // (kills + 1) for number in range(kills)]
        run_at = [events * (2 * number + 1) // (2 * runs) for number in range(runs)]
        for acknowledged in _progress(client, done):
            if kill_at and acknowledged >= kill_at[0]:
                kill_at.pop(0)
                collector.kill()
                collector.wait()
                done.kills += 1
                collector = _begin(project, port)
            if run_at and acknowledged >= run_at[0]:
                run_at.pop(0)
                _ingest(project)
                done.runs += 1
        done.seconds = time.perf_counter() - began
        collector.terminate()
        assert collector.wait(120) == 0, "the collector did not come to a clean end"
    finally:
        collector.kill()
        collector.wait()
    started = time.perf_counter()
    _ingest(project)
    done.ingest_seconds = time.perf_counter() - started
    done.rows, done.distinct = _counted(project, events)
    return done


def _project(root: Path) -> Path:
    for name, text in _PROJECT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _begin(project: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kumitate", "collect", "--project", str(project), "--port", str(port)]
    return subprocess.Popen([*command, "--land-every", "5s"], stdout=subprocess.DEVNULL)


def _client(port: int, events: int) -> subprocess.Popen[str]:
    script = str(Path(__file__).with_name("collector_client.py"))
    command = [sys.executable, script, f"http://127.0.0.1:{port}", str(events)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _progress(client: subprocess.Popen[str], done: Flow) -> Iterator[int]:
    """How many events are acknowledged so far, until all of them are."""
    assert client.stdout is not None
    for line in client.stdout:
        told = json.loads(line)
        if isinstance(told, dict):
            done.answers = told["answers"]
            assert told["acknowledged"] == done.events
        else:
            yield told
    assert client.wait() == 0, "the client failed"


def _ingest(project: Path) -> None:
    with open_workspace(project) as workspace:
        execute(workspace, until="ingest", progress=lambda *_: None)


def _counted(project: Path, events: int) -> tuple[int, int]:
    """Rows of the lake, and how many of the events that were sent are among them."""
    sent = f"message_id >= 'e-00000000' and message_id < 'e-{events:08d}'"
    sql = f"select count(*) as rows_in, count(distinct case when {sent} then message_id end) as ids from raw.web"
    with open_workspace(project) as workspace, contextlib.closing(workspace.engine.rows(Query("count", sql))) as rows:
        row = next(iter(rows)).to_pylist()[0]
    return row["rows_in"], row["ids"]


if __name__ == "__main__":
    came = flow(Path(sys.argv[1]), int(sys.argv[2]), kills=int(sys.argv[3]))
    print(json.dumps(asdict(came) | {"lost": came.lost, "doubled": came.doubled}))
