"""`kumitate schema`: the JSON Schema of the project's files, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kumitate.cli.options import examples
from kumitate.cli.output import print_json, say


@click.command(
    short_help="The JSON Schema of the project files.",
    epilog=examples(
        "kumitate schema segments",
        "kumitate schema --output .schema",
        "kumitate schema > project.schema.json",
    ),
)
@click.argument("folder", required=False)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one schema file per kind of file into this folder instead.",
)
def schema(folder: str | None, *, output: Path | None) -> None:
    """Print the JSON Schema of a kind of file (settings, sources, segments, …), or of all of them.

    An editor with the YAML language server completes and checks a file that begins with

        # yaml-language-server: $schema=../.schema/segments.schema.json
    """
    from kumitate.cli.plans import known_name
    from kumitate.config.json_schema import folder_schema, folder_schemas, project_schema

    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        for name, each in folder_schemas().items():
            path = output / f"{name}.schema.json"
            path.write_text(json.dumps(each, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            say(f"written: {path}")
    elif folder is not None:
        print_json(folder_schema(known_name("kind of file", folder, folder_schemas())))
    else:
        print_json(project_schema())
