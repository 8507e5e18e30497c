"""`kumitate audit`: what is in a file before it is connected, and a draft of the source it could be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import PROJECT_FILE, examples, json_option, project_option
from kumitate.cli.output import print_json, say

if TYPE_CHECKING:
    from kumitate.audit.facts import Audit
    from kumitate.config.project import Config
    from kumitate.config.settings import Settings
    from kumitate.config.source import Source
    from kumitate.execution.auditing import Auditing, Findings


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is audited: a file, or the files of a declared source; and the project around it, if any."""

    name: str
    files: Sequence[Path]
    root: Path | None
    config: Config | None
    source: Source | None


@click.command(
    short_help="Say what is in a file before it is connected.",
    epilog=examples(
        "kumitate audit data/names.csv",
        "kumitate audit data/names.csv --out sources/names.yaml",
        "kumitate audit ec_members --json | jq '.columns[] | select(.cleansing.unusable > 0)'",
    ),
)
@click.argument("what", metavar="FILE|SOURCE")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the drafted source (YAML) to this new file."
)
@project_option
@json_option
def audit(*, what: str, out: Path | None, project: Path | None, as_json: bool) -> None:
    """Read a file (CSV, JSON lines, Parquet, Excel), or all files of a source, and say what is there.

    Per column: what it means, how complete and how unique it is, the shapes of its values, what cleansing would make of
    them and why some could not be used, which values identify nobody. Encodings are named by line where they differ.
    With a project that has run: how many rows would join people it knows. Nothing is written but --out; personal values
    are shown masked.
    """
    from kumitate.audit.draft import Place, draft, source_name
    from kumitate.cli.audit_text import show

    if out is not None and out.exists():
        raise click.UsageError(f"{out} exists; name a new file")
    asked = _asked(what, project)
    found, kinds = _carried_out(asked)
    text = ""
    if found.columns:
        name = source_name(out.name if out is not None else asked.name)
        text = draft(found, Place(name, _path(asked), _settings(asked).country, kinds))
    if out is not None:
        _write(out, text)
    if as_json:
        print_json(_as_json(found, text))
    else:
        show(found)
        click.echo(f"The draft is in {out}." if out else text, nl=bool(out))


def _as_json(found: Audit, text: str) -> dict[str, Any]:
    columns = [
        {**asdict(each), "semantic": each.semantic, "null_share": each.null_share, "uniqueness": each.uniqueness}
        for each in found.columns
    ]
    return {**asdict(found), "columns": columns, "rows": found.rows, "draft": text}


def _asked(what: str, project: Path | None) -> _Asked:
    """A path that exists is a file; any other word is a source of the project."""
    root = project if project is not None else _project_around(Path.cwd())
    path = Path(what)
    config = _config(root, may_be_empty=path.is_file()) if root is not None else None
    if path.is_file():
        return _Asked(path.name, (path,), root, config, None)
    if config is None:
        raise click.UsageError(f"{what}: there is no such file, and no project whose source it could be")
    if what not in config.sources:
        raise click.UsageError(f"{what}: neither a file nor a source; there are {', '.join(config.sources)}")
    source = config.sources[what]
    files = sorted(each for each in config.root.glob(source.path) if each.is_file())
    if not files:
        raise click.UsageError(f"{what}: no file lies at {source.path}")
    return _Asked(what, files, root, config, source)


def _config(root: Path, *, may_be_empty: bool) -> Config | None:
    """None for a project that has no source yet: its first is drafted as without a project."""
    from kumitate.project import open_project

    if may_be_empty and not any((root / "sources").glob("*.y*ml")):
        say("the project has no source yet: the file is looked at by itself")
        return None
    return open_project(root).config


def _project_around(here: Path) -> Path | None:
    return next((folder for folder in (here, *here.parents) if (folder / PROJECT_FILE).is_file()), None)


def _carried_out(asked: _Asked) -> tuple[Audit, dict[str, str] | None]:
    """What was found, and the project's kinds of identifiers with the columns that state them."""
    from kumitate.cli.progress import progress
    from kumitate.execution.audit_known import kinds_stated
    from kumitate.execution.auditing import Auditing, audit_files

    settings = _settings(asked)
    as_of = (settings.as_of or datetime.now(UTC)).date()
    with TemporaryDirectory(prefix="kumitate-audit-") as folder, progress() as told:
        task = Auditing(settings, as_of, Path(folder), told, asked.source)
        findings = audit_files(asked.name, asked.files, task)
        if asked.config is None:
            return findings.audit, None
        kinds = kinds_stated(asked.config, findings.audit, asked.source)
        return _with_known(asked, findings, kinds, task=task), kinds


def _settings(asked: _Asked) -> Settings:
    """The project's, or what holds without one."""
    from kumitate.config.settings import Settings

    return asked.config.settings if asked.config else Settings(project="none")


def _with_known(asked: _Asked, findings: Findings, kinds: dict[str, str], *, task: Auditing) -> Audit:
    from kumitate.execution.audit_known import joined
    from kumitate.execution.workspace import open_workspace

    config = asked.config
    if config is None or asked.root is None or not (config.root / config.settings.lake / "runs.db").exists():
        note = "the project has not run yet: whom the rows would join cannot be told"
        return replace(findings.audit, notes=(*findings.audit.notes, note))
    with open_workspace(asked.root) as workspace:
        found = joined(findings, kinds, config=config, lake=workspace.lake, task=task)
    return replace(findings.audit, joined=found)


def _path(asked: _Asked) -> str:
    """The path as a source states it: inside the project where the file lies there."""
    if asked.source is not None:
        return asked.source.path
    file = asked.files[0].resolve()
    if asked.root is not None and asked.root.resolve() in file.parents:
        return file.relative_to(asked.root.resolve()).as_posix()
    return f"data/{file.name}"


def _write(out: Path, text: str) -> None:
    if not text:
        say("nothing to draft: the file has no column")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
