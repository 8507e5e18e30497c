"""Archives whose bytes follow from their content alone: sorted, with fixed times and owners."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)


def files_of(folder: Path) -> list[Path]:
    """Every file below, sorted by its path within."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def add_to_zip(archive: Path, folder: Path) -> None:
    """Put the folder's files at the archive's root, after what it holds already."""
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
        for path in files_of(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.external_attr = _mode(path) << 16
            entry.compress_type = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
            file.writestr(entry, path.read_bytes())


def zip_of(archive: Path, folders: Iterable[Path]) -> None:
    archive.unlink(missing_ok=True)
    for folder in folders:
        add_to_zip(archive, folder)


def link_tree(source: Path, target: Path) -> None:
    """A copy that shares its files' bytes: what is built is never written to."""
    shutil.copytree(source, target, copy_function=_link, dirs_exist_ok=True)


def _link(source: str, target: str) -> None:
    try:
        Path(target).hardlink_to(source)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _mode(path: Path) -> int:
    return 0o100755 if path.stat().st_mode & 0o100 else 0o100644
