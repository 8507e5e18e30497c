"""The project that the quickstart shows is a whole project: it loads, runs, and finds its regulars."""

import re
from pathlib import Path

import pytest

from harness.projects import rows, run

PAGE = Path(__file__).parents[2] / "docs/quickstart.md"
FILE = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MEMBERS = "member_no,email,name,points\n1,hanako@example.jp,花子,120\n2,HANAKO@example.jp,山田花子,120\n3,,太郎,30\n"


def written(root: Path) -> Path:
    files = dict(FILE.findall(PAGE.read_text(encoding="utf-8")))
    files |= {"kumitate.yaml": "project: shop\n", "data/members.csv": MEMBERS}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.slow
def test_the_quickstarts_project_runs(tmp_path: Path) -> None:
    root = written(tmp_path / "shop")
    run(root)
    assert rows(root, "select name from curated.profiles where points >= 100") == [("山田花子",)]
    assert rows(root, "select segment, members from curated.segment_sizes") == [("regulars", 1)]
