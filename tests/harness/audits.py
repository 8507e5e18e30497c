"""Audits a file's bytes as the command line would, without a project."""

from datetime import date
from pathlib import Path

import yaml

from harness.projects import silent
from kumitate.audit.draft import Place, draft
from kumitate.audit.facts import Audit, ColumnFound
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.execution.auditing import Auditing, audit_files


def audited(folder: Path, content: bytes, name: str = "members.csv", source: Source | None = None) -> Audit:
    (folder / name).write_bytes(content)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    task = Auditing(Settings(project="shop"), date(2026, 11, 22), work, silent, source)
    return audit_files(name, [folder / name], task).audit


def column(audit: Audit, name: str) -> ColumnFound:
    return next(each for each in audit.columns if each.name == name)


def drafted(audit: Audit, place: Place) -> Source:
    return Source.model_validate(yaml.safe_load(draft(audit, place))[place.name])
