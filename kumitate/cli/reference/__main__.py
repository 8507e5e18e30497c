"""`python -m kumitate.cli.reference` writes the generated pages; `--check` only says whether they are up to date."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kumitate.cli.output import say
from kumitate.cli.reference.commands import commands_page
from kumitate.cli.reference.files import files_page
from kumitate.config.json_schema import folder_schemas, project_schema

_REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def pages() -> dict[str, str]:
    """Every generated file by its path below docs/reference."""
    schemas = {f"schema/{name}.schema.json": _text(schema) for name, schema in folder_schemas().items()}
    return {
        "cli.md": commands_page(),
        "project.md": files_page(),
        "project.schema.json": _text(project_schema()),
        **schemas,
    }


def _text(schema: dict[str, object]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; end with 1 where a page is out of date.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=_REFERENCE, show_default=False)
@click.pass_context
def write_reference(context: click.Context, *, check: bool, folder: Path) -> None:
    """Write docs/reference from the code."""
    stale = []
    for name, text in pages().items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if check and stale:
        say(f"docs/reference is out of date ({', '.join(stale)}); run: make docs")
        context.exit(1)


if __name__ == "__main__":
    write_reference()
