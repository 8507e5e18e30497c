"""A project whose columns change their types between its first and its second run, records and events."""

from pathlib import Path

from harness.projects import BAKERY, copy_of, run

VISITS = """
visits:
  kind: events
  path: data/visits*.csv
  key: [id]
  time: at
  columns:
    id: {type: id, required: true}
    at: {type: timestamp}
    stay: {type: integer, required: true}
"""
NEW_TYPES = {
    "clients": ("points: {type: integer}", "points: {type: decimal}"),
    "visits": ("stay: {type: integer, required: true}", "stay: {type: decimal}\n    twice: {sql: stay * 2}"),
}
FIRST = "id,at,stay\na,2026-01-01 10:00,60\nb,2026-01-02 10:00,half an hour\na,2026-01-03 10:00,61\n"
SECOND = "id,at,stay\nb,2026-01-04 10:00,90\nc,2026-01-05 10:00,120\n"


def edit(root: Path, *, back: bool = False) -> None:
    for name, (first, second) in NEW_TYPES.items():
        old, new = (second, first) if back else (first, second)
        file = root / f"sources/{name}.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


def project(root: Path) -> Path:
    copy_of(BAKERY, root)
    (root / "sources/visits.yaml").write_text(VISITS, encoding="utf-8")
    (root / "data/visits-1.csv").write_text(FIRST, encoding="utf-8")
    return root


def deliver(root: Path) -> None:
    (root / "data/visits-2.csv").write_text(SECOND, encoding="utf-8")


def changed(root: Path, until: str = "cleanse") -> Path:
    """After a first run the types change and a file is delivered; the second run is still to come."""
    project(root)
    run(root, until=until)
    edit(root)
    deliver(root)
    return root
