"""Each mistake in a project's files is said in one plain sentence, with file, line and key."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from kumitate.config.loader import load_config
from kumitate.config.yaml_lines import read_yaml
from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"
MISTAKES = read_yaml(Path(__file__).with_name("config_mistakes.yaml").read_bytes(), "").value


def problems(tmp_path: Path, file: str, new: str, *, old: str = "") -> list[str]:
    """The tea shop's problems with `new` for `old` in `file`, or as the whole file where there is no `old`."""
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    path = tmp_path / file
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert not old or text.count(old) == 1, f"{old!r} stands not once in {file}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(old, new) if old else new, encoding="utf-8")
    try:
        open_project(tmp_path)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_messages_are_read_only_where_an_environment_sends_some(tmp_path: Path) -> None:
    here = tmp_path / "environments/aws.yaml"
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    here.parent.mkdir()
    here.write_text("dev: {messaging: {push: true}}\n", encoding="utf-8")
    streamed = "path: data/orders.jsonl\n  format: jsonl\n  stream: {of: messages}"
    (said,) = problems(tmp_path, "sources/all.yaml", streamed, old="path: data/orders.csv")
    assert said.endswith("no environment sends messages; switch on messaging.email or messaging.sms in one")
    here.write_text("dev: {messaging: {sms: true}}\n", encoding="utf-8")
    assert problems(tmp_path, "sources/all.yaml", streamed, old="path: data/orders.csv") == []


def test_the_tea_shop_is_right(tmp_path: Path) -> None:
    assert problems(tmp_path, "kumitate.yaml", "tea", old="tea_shop") == []
    config = load_config(tmp_path)
    assert config.settings.project == "tea"
    assert config.lists == {"areas": ("0600000",)}
    assert list(config.segments) == ["vips", "lapsed", "birthdays", "reachable", "listed"]


@pytest.mark.parametrize(
    ("file", "mistake"), [(file, mistake) for file, mistakes in MISTAKES.items() for mistake in mistakes]
)
def test_a_mistake_is_said_in_one_sentence(tmp_path: Path, file: str, mistake: dict[str, Any]) -> None:
    says = mistake["says"]
    found = problems(tmp_path, file, mistake["new"], old=mistake["old"])
    assert (says if says[0].isalpha() else f"{file}:{says}") in found
    assert len(found) == 1 + mistake.get("more", 0), found


def test_an_unregistered_destination_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, "destinations/all.yaml", "slak", old="slack")
    assert found == ["destinations/all.yaml:1 chat.type: unknown destination type 'slak'; did you mean 'slack'?"]


def test_every_problem_is_found_at_once_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    text = (TEA_SHOP / "segments/all.yaml").read_text(encoding="utf-8")
    text = text.replace("trait:", "triat:").replace("list: areas", "list: area")
    problems(tmp_path, "traits/orders.yaml", "kind: summ", old="kind: sum")
    (tmp_path / "segments/all.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    places = [(problem.file, problem.line) for problem in caught.value.problems]
    assert places == [("segments/all.yaml", 4), ("segments/all.yaml", 10), ("traits/orders.yaml", 1)]


def test_a_broken_section_is_not_called_unknown_where_others_refer_to_it(tmp_path: Path) -> None:
    found = problems(tmp_path, "traits/orders.yaml", "kind: summ", old="kind: sum")
    assert len(found) == 1


def test_an_unreadable_file_hides_no_names(tmp_path: Path) -> None:
    found = problems(tmp_path, "traits/orders.yaml", "lifetime_value: [\n")
    assert [line.split(": this")[0] for line in found] == ["traits/orders.yaml:2"]


def test_a_name_given_in_two_files_is_a_problem_that_names_both(tmp_path: Path) -> None:
    found = problems(tmp_path, "segments/more.yaml", "\nvips: {when: {segment: lapsed}}\n")
    expected = "the name is already given in segments/all.yaml:1; rename one of them"
    assert found == [f"segments/more.yaml:2 vips: {expected}"]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("lists/bad.csv", "a,b\n", "lists/bad.csv:1: one value a line, found 2"),
        ("segments/more.yml", "a: 1\n", "segments/more.yml:1: only .yaml files are read; rename it to .yaml"),
        ("segment/a.yaml", "a: 1\n", "segment/a.yaml:1: the folder 'segment' is not read; did you mean 'segments'?"),
        ("segments/x.yaml", "- a\n", "segments/x.yaml:1: expected a mapping of names to segments"),
        (
            "segments/x.yaml",
            "order: {when: {segment: vips}}",
            "segments/x.yaml:1 order: 'order' is a word of SQL; choose another, such as 'order_name'",
        ),
        (
            "priorities/x.yaml",
            "p: {segments: [vips, vip]}",
            "priorities/x.yaml:1 p.segments[1]: unknown segment 'vip'; did you mean 'vips'?",
        ),
    ],
)
def test_a_stray_file_is_told(tmp_path: Path, file: str, text: str, expected: str) -> None:
    assert problems(tmp_path, file, text) == [expected]


def test_a_folder_without_a_project_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"kumitate.yaml:1: no project in .*: the file is missing"):
        load_config(tmp_path)


def test_an_empty_list_and_blank_lines_are_no_values(tmp_path: Path) -> None:
    assert problems(tmp_path, "lists/areas.csv", '\ufeff東京\n\n東京\n"a,b"\n') == []
    assert load_config(tmp_path).lists == {"areas": ("東京", "a,b")}
