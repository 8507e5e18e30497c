"""Nothing personal leaves unencrypted: a destination's own address is https, or this machine."""

import shutil
from pathlib import Path

import pytest

from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"


def problems(folder: Path, url: str) -> list[str]:
    shutil.copytree(TEA_SHOP, folder, dirs_exist_ok=True)
    text = f"own:\n  type: webhook\n  secret: own\n  url: {url!r}\n"
    (folder / "destinations").mkdir(exist_ok=True)
    (folder / "destinations/own.yaml").write_text(text, encoding="utf-8")
    try:
        open_project(folder)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "url", ["https://crm.example.jp/in", "http://127.0.0.1:8080/in", "http://localhost", "http://[::1]:9/"]
)
def test_https_and_this_machine_are_addresses_to_send_to(tmp_path: Path, url: str) -> None:
    assert problems(tmp_path, url) == []


@pytest.mark.parametrize("url", ["http://crm.example.jp/in", "http://127.0.0.1.example.jp", "http://user@10.0.0.1/"])
def test_an_address_that_is_readable_on_the_way_is_refused_with_what_to_write(tmp_path: Path, url: str) -> None:
    (problem,) = problems(tmp_path, url)
    assert problem.startswith("destinations/own.yaml:4 own.url:")
    assert "unencrypted; write https://" in problem


@pytest.mark.parametrize("url", ["ftp://crm.example.jp", "crm.example.jp", "https://", "https://[x/"])
def test_what_is_no_web_address_is_said_to_be_none(tmp_path: Path, url: str) -> None:
    (problem,) = problems(tmp_path, url)
    assert "is no web address" in problem
