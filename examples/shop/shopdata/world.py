"""Writes a whole company's files: everything or nothing, and not again what is already there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import mail, registers, sales, support, web
from .broken import BROKEN
from .clock import SINCE
from .files import CsvFile, Entry, JsonLinesFile
from .orders import copy_orders, read_orders
from .people import World, draw_people
from .places import read_gazetteer

STAMP = "stamp.json"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Assignment:
    """What to make, and from what."""

    data: Path
    out: Path
    scale: int
    seed: int

    @property
    def stamp(self) -> dict[str, object]:
        """Equal stamps mean equal files: the parameters, and a digest of code and samples."""
        digest = hashlib.sha256()
        sources = sorted(Path(__file__).parent.glob("*.py")) + sorted(self.data.glob("*.csv"))
        for path in (*sources, self.data / "orders.parquet"):
            digest.update(path.read_bytes())
        return {"scale": self.scale, "seed": self.seed, "made_by": digest.hexdigest()}


def make(wanted: Assignment, say: Say) -> bool:
    """Write `wanted.out` as a whole, or leave it alone (False) where it already is what was asked for."""
    stamp = wanted.stamp
    if _stamp_of(wanted.out) == stamp:
        say(f"{wanted.out} is up to date")
        return False
    partial = wanted.out.with_name(f".{wanted.out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _write(wanted, partial, say)
    (partial / STAMP).write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(wanted.out, ignore_errors=True)
    os.replace(partial, wanted.out)
    return True


def _stamp_of(out: Path) -> object:
    try:
        return json.loads((out / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


class _Files:
    """All files of the company, open side by side."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        def table(name: str, columns: Sequence[str], **format_: Any) -> CsvFile:
            return stack.enter_context(CsvFile(folder / f"{name}.csv", columns, **format_))

        self.truth = table("truth", ("record", "person_id"))
        self.by_source: dict[str, CsvFile | JsonLinesFile] = {
            "ec_members": table("ec_members", registers.MEMBER_COLUMNS),
            "store_cards": table("store_cards", registers.CARD_COLUMNS, encoding="cp932", line_end="\r\n"),
            "support_tickets": table("support_tickets", support.TICKET_COLUMNS, encoding="utf-8-sig"),
            "consents": table("consents", support.CONSENT_COLUMNS),
        }
        for source in ("crm_contacts", "crm_opportunities", "email_events", "web_events"):
            self.by_source[source] = stack.enter_context(JsonLinesFile(folder / f"{source}.jsonl"))


def _write(wanted: Assignment, folder: Path, say: Say) -> None:
    orders = read_orders(wanted.data / "orders.parquet", SINCE.replace(tzinfo=None))
    gazetteer = read_gazetteer(wanted.data)
    with ExitStack() as stack:
        files = _Files(folder, stack)
        for copy in range(wanted.scale):
            say(f"making the shop's files, copy {copy + 1} of {wanted.scale}")
            _write_copy(files, World(wanted.seed, copy, orders, gazetteer))
            if copy:
                copy_orders(wanted.data / "orders.parquet", folder / f"orders-{copy:04d}.parquet", copy)
        _damage(files)


def _write_copy(files: _Files, world: World) -> None:
    people = draw_people(world)
    registered: dict[str, Iterator[Entry]] = {
        "ec_members": registers.member_rows(world, people),
        "store_cards": registers.card_rows(world, people),
        "crm_contacts": sales.contact_rows(world, people),
        "crm_opportunities": sales.opportunity_rows(world, people),
        "support_tickets": support.ticket_rows(world, people),
    }
    for source, entries in registered.items():
        truth = dict[str, str]()
        for entry in entries:
            files.by_source[source].row(entry.row)
            truth[entry.key] = entry.person
        for key, person in truth.items():
            files.truth.row((f"{source}/{key}", person))
    facts: dict[str, Iterator[Any]] = {
        "consents": support.consent_rows(world, people),
        "email_events": mail.mail_events(world, people),
        "web_events": web.calls(world, people),
    }
    for source, rows in facts.items():
        for row in rows:
            files.by_source[source].row(row)


def _damage(files: _Files) -> None:
    for source, lines in BROKEN.items():
        for line in lines:
            files.by_source[source].broken(line)
