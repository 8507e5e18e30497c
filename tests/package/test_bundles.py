"""What is in the bundles: the same packages for both machines, native code of the right kind, no more than allowed."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import zipfile
from email.parser import HeaderParser
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from harness.ministack import PYTHON
from harness.packaged import BUILD

pytestmark = pytest.mark.package
BUNDLES = ("lambda", "lake", "wrangler")
MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
"""As ELF calls them."""
LIMIT_BYTES = 250 * 2**20
WHEELS = BUILD / "glue" / "packages.gluewheels.zip"
ROOT = Path(__file__).resolve().parents[2]
USED_SERVICES = (
    "athena", "connectcampaignsv2", "customer-profiles", "dynamodb", "events", "glue", "kinesis", "personalize-events",
    "pinpoint", "pinpoint-sms-voice-v2", "s3", "scheduler", "secretsmanager", "sesv2", "socialmessaging", "sqs",
    "stepfunctions",
)  # fmt: skip


@cache
def opened(bundle: str, machine: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(BUILD / bundle / f"{machine}.zip")


def distributions(archive: zipfile.ZipFile) -> dict[str, str]:
    found = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
    said = [HeaderParser().parsestr(archive.read(name).decode()) for name in found]
    return {each["Name"].lower().replace("_", "-"): each["Version"] for each in said}


LAMBDA = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}
"""Where the bundles run, in the words of a lock's markers."""


def locked(lock: str) -> dict[str, str]:
    """Pins of a lock that hold in Lambda and Glue."""
    lines = (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines()
    pins = [line.rstrip(" \\") for line in lines if "==" in line and line[0].isalpha()]
    wanted = [Requirement(pin) for pin in pins]
    return {
        each.name.lower().replace("_", "-"): str(each.specifier).removeprefix("==")
        for each in wanted
        if each.marker is None or each.marker.evaluate(dict(LAMBDA))
    }


@pytest.mark.parametrize("bundle", BUNDLES)
def test_both_machines_get_the_packages_of_the_lock(bundle: str) -> None:
    arm64, x86_64 = (distributions(opened(bundle, machine)) for machine in MACHINES)
    assert arm64 == x86_64 == locked(bundle)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("bundle", BUNDLES)
def test_native_code_is_for_its_machine_and_for_python_3_13(bundle: str, machine: str) -> None:
    archive = opened(bundle, machine)
    native = [name for name in archive.namelist() if re.search(r"\.so(\.\d+)*$", name)]
    assert native
    for name in native:
        with archive.open(name) as file:
            header = file.read(20)
        assert header[:6] == b"\x7fELF\x02\x01", name
        assert struct.unpack("<H", header[18:20])[0] == MACHINES[machine], name
        of_cpython = re.search(r"\.(cpython-\d+|abi\d)", name)
        assert of_cpython is None or of_cpython[1] in {"cpython-313", "abi3"}, name


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_bundle_is_no_larger_than_lambda_takes(bundle: str, machine: str) -> None:
    assert sum(entry.file_size for entry in opened(bundle, machine).infolist()) < LIMIT_BYTES


@pytest.mark.parametrize("bundle", BUNDLES)
def test_every_source_has_its_bytecode_beside_it(bundle: str) -> None:
    names = set(opened(bundle, "arm64").namelist())
    ours = [name for name in names if re.fullmatch(r"(kumitate|functions)/.*\.py", name)]
    assert ours
    assert not [name for name in ours if re.sub(r"([^/]+)\.py$", r"__pycache__/\1.cpython-313.pyc", name) not in names]


@pytest.mark.parametrize("bundle", BUNDLES)
def test_no_path_of_this_machine_is_in_a_bundle(bundle: str) -> None:
    archive, here = opened(bundle, "arm64"), str(ROOT).encode()
    assert not [name for name in archive.namelist() if here in archive.read(name)]
    assert not [name for name in archive.namelist() if name.startswith("bin/")]


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_models_of_every_service_that_functions_call_are_there(bundle: str) -> None:
    names = opened(bundle, "arm64").namelist()
    for service in USED_SERVICES:
        assert [name for name in names if name.startswith(f"botocore/data/{service}/")], service


def test_glue_gets_wheels_for_its_python_and_machine_with_a_list_of_them() -> None:
    with zipfile.ZipFile(WHEELS) as archive:
        wheels = [Path(name).name for name in archive.namelist() if name.endswith(".whl")]
        listed = archive.read("wheels/requirements.txt").decode().split()
    assert sorted("==".join(wheel.split("-")[:2]) for wheel in wheels) == listed
    for wheel in wheels:
        tags = wheel.removesuffix(".whl").split("-")[-3:]
        assert tags[2] == "any" or tags[2].endswith("x86_64"), wheel
        assert tags[0] in {"cp313", "py3", "py2.py3"} or tags[1] == "abi3", wheel
    pins = dict(line.split("==") for line in listed)
    assert pins.pop("kumitate")
    assert {name.lower().replace("_", "-"): version for name, version in pins.items()} == locked("glue")


def test_glue_can_install_them_without_an_index(tmp_path: Path) -> None:
    with zipfile.ZipFile(WHEELS) as archive:
        archive.extractall(tmp_path)
    wheels = tmp_path / "wheels"
    options = ["--no-index", "--find-links", wheels, "--dry-run", "--report", tmp_path / "report.json", "--quiet"]
    options += ["--ignore-installed", "--disable-pip-version-check"]
    subprocess.run([PYTHON, "-m", "pip", "install", *options, "-r", wheels / "requirements.txt"], check=True)
    report = json.loads((tmp_path / "report.json").read_text())
    assert "kumitate" in {each["metadata"]["name"] for each in report["install"]}


def test_an_archives_bytes_follow_from_its_content_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    from bundling.archive import zip_of

    for turn, names in enumerate((("a.py", "b/c.py"), ("b/c.py", "a.py"))):
        for name in names:
            path = tmp_path / str(turn) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            os.utime(path, (turn, turn))
        zip_of(tmp_path / f"{turn}.zip", [tmp_path / str(turn)])
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()


def test_work_is_done_once_and_never_left_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    from bundling.cache import key_of, made_once

    def interrupted(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    made = tmp_path / f"lambda-{key_of(['lock'])}"
    with pytest.raises(KeyboardInterrupt):
        made_once(made, interrupted)
    assert made_once(made, lambda folder: (folder / "whole").touch())
    assert not made_once(made, interrupted)
    assert [path.name for path in made.iterdir()] == ["whole"]


def test_a_file_that_moved_or_changed_is_another_thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    from bundling.cache import key_of

    path = tmp_path / "a.py"
    path.write_text("one = 1")
    keys = {key_of(["a.py", path]), key_of(["b/a.py", path])}
    path.write_text("one = 2")
    assert len({*keys, key_of(["a.py", path])}) == 3
