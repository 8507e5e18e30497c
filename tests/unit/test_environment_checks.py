"""What would only fail while it is deployed is said before: with file, line, and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"


def problems(root: Path, environment: str) -> list[str]:
    """The tea shop's problems with environments/aws.yaml holding `dev` with these lines."""
    shutil.copytree(TEA_SHOP, root, dirs_exist_ok=True)
    (root / "environments").mkdir(exist_ok=True)
    text = "dev:\n" + "".join(f"  {line}\n" for line in environment.splitlines())
    (root / "environments/aws.yaml").write_text(text, encoding="utf-8")
    try:
        open_project(root)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_sound_environment_is_accepted(tmp_path: Path) -> None:
    sound = "schedule: cron(0 5 * * ? *)\nnotify: [team@example.jp]\nbudget_usd: 50\nsecrets: {slack: tea/slack}"
    assert problems(tmp_path, sound) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("schedule: rate(1 days)", "schedule: 'rate(1 days)' is refused by AWS; write rate(1 day)"),
        ("notify: [team]", "notify[0]: this is no e-mail address; write it as team@example.com"),
        ("notify: [a@b.jp, 'x y@b.jp']", "notify[1]: this is no e-mail address; write it as team@example.com"),
        ("budget_usd: 5", "budget_usd: nobody would hear of it; give an e-mail address under 'notify'"),
        ("secrets: {Slack: tea}", "secrets.Slack: a name is lower_snake_case (a-z, 0-9, _); write 'slack'"),
        (
            "secrets: {slack: tea slack}",
            "secrets.slack: 'tea slack' is no name in Secrets Manager: letters, digits and /_+=.@- only, at most 512",
        ),
        (
            "secrets: {slack: aws/slack}",
            "secrets.slack: 'aws/slack': names that begin with aws/ are AWS's own; choose another",
        ),
        (
            "secrets: {slack: tea-abc123}",
            "secrets.slack: 'tea-abc123' ends like an ARN (-abc123), and AWS would take it for one; choose another",
        ),
        ("tags: {'aws:team': tea}", "tags.aws:team: tags that begin with aws: are AWS's own; choose another name"),
        ("tags: {'a,b': tea}", "tags.a,b: a tag's name has 1 to 128 letters, digits, spaces and _.:/=+-@"),
        (
            "retention: {results: 1}",
            "retention.results: deliveries may wait for a day: pages are kept at least 2 days",
        ),
        ("retention: {raw_files: 6}", "retention.raw_files: must be at least 7, found 6"),
        ("retired: [orders]", "retired[0]: source 'orders' is in the project; take it out of one of the two"),
    ],
)
def test_a_mistake_in_an_environment_is_said_in_one_sentence(tmp_path: Path, line: str, says: str) -> None:
    assert problems(tmp_path, line) == [f"environments/aws.yaml:2 dev.{says}"]


def test_files_outlast_the_silence_between_two_runs(tmp_path: Path) -> None:
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    sources = (tmp_path / "sources/all.yaml").read_text(encoding="utf-8")
    streamed = sources.replace("path: data/orders.csv", "path: data/orders.jsonl\n  format: jsonl\n  stream: {}")
    weekly = "schedule: cron(0 5 ? * MON *)\nretention: {raw_files: 8}"
    assert problems(tmp_path, weekly) == []
    (tmp_path / "sources/all.yaml").write_text(streamed, encoding="utf-8")
    shutil.rmtree(tmp_path / "environments")
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/aws.yaml").write_text(
        "dev:\n  schedule: cron(0 5 ? * MON *)\n  retention: {raw_files: 8}\n"
    )
    with pytest.raises(ConfigError) as caught:
        open_project(tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [
        "environments/aws.yaml:3 dev.retention.raw_files: what 'orders' brings in waits up to 7 days for the next run;"
        " keep files at least 9 days"
    ]
