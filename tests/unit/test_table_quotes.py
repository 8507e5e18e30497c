"""A table with a quote that is never closed is refused: a lenient reader would make one row of what follows it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kumitate.cli.main import main

OPEN = 'a,b\n1,"x\ny"\n2,"open\n3,z\n'
CLOSED_LATER = 'a,b\n1,x\n2,"open\n3,"z\n4,w\n'


def cleanse(path: Path) -> Result:
    return CliRunner().invoke(main, ["cleanse", "--in", str(path), "--dry-run"])


@pytest.mark.parametrize(("text", "line"), [(OPEN, 4), (CLOSED_LATER, 3)])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16"])
def test_a_quote_left_open_swallows_no_row(text: str, line: int, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.replace("x", "髙").encode(encoding))
    refused = cleanse(path)
    assert refused.exit_code == 1
    assert f"a.csv:{line}: a quote is never closed" in refused.stderr


def test_lines_in_quotes_and_quotes_in_text_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"x\ny"\n2,5" pipe\n3,"say ""hi"""\n', encoding="utf-8")
    assert cleanse(path).exit_code == 0


def test_a_row_beside_a_very_long_field_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"a,b\n1,{'x' * 200_000}\n2,3,4\n", encoding="utf-8")
    refused = cleanse(path)
    assert refused.exit_code == 1
    assert "the rows that end on lines 3" in refused.stderr
