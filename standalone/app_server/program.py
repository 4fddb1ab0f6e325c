"""The program of the app server, and what it needs to start."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from .errors import CannotServe
from .jar import require_jar

PROGRAM_NAME = "anvil-app-server"

#: The command that installs Java, by the installer that a machine has.
_JAVA_COMMANDS = {
    "apt-get": "apt install default-jre-headless",
    "dnf": "dnf install java-headless",
    "apk": "apk add openjdk21-jre-headless",
    "brew": "brew install openjdk",
}

#: How much of a program is read: enough for the import in a script that pip writes.
_HEAD_BYTES = 2048


def find_app_server(environment: Mapping[str, str]) -> Path:
    """Find the server: the one that ANVIL_APP_SERVER names, else on PATH or next to this Python."""
    named = environment.get("ANVIL_APP_SERVER")
    if named:
        found = shutil.which(named, path=environment.get("PATH"))
        if found is None:
            raise CannotServe(
                f"ANVIL_APP_SERVER names {named}, which does not exist. Correct it, or "
                "unset it to use the one that pip installs."
            )
        return Path(found).absolute()
    found = shutil.which(PROGRAM_NAME, path=environment.get("PATH"))
    next_to_python = Path(sys.executable).with_name(PROGRAM_NAME)
    if found is None and not next_to_python.exists():
        raise CannotServe("The dashboard needs a package: pip install 'runstream[server]'")
    return Path(found).absolute() if found is not None else next_to_python


def require_startable(
    program: Path, environment: Mapping[str, str], echo: Callable[[str], None]
) -> None:
    """Raise CannotServe if pip's server lacks Java, or lacks its JAR and the download fails.

    Another program, such as one built from source, checks its needs itself.
    """
    init_file = _init_file_of_package(program)
    if init_file is None:
        return
    if shutil.which("java", path=environment.get("PATH")) is None:
        raise CannotServe(f"The dashboard needs Java: {_java_command()}")
    require_jar(init_file, echo)


def _java_command() -> str:
    for installer, command in _JAVA_COMMANDS.items():
        if shutil.which(installer):
            return command
    return "install Java 11 or later"


def _init_file_of_package(program: Path) -> Path | None:
    """Return the `__init__.py` of the package that a script of pip starts; None for others."""
    with program.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if b"from anvil_app_server import" not in head:
        return None
    prefix = program.resolve().parent.parent
    for place in sorted(prefix.glob("lib/python3*/*-packages/anvil_app_server/__init__.py")):
        return place
    raise CannotServe(
        f"{program} starts the Python package anvil_app_server, which is not below {prefix}. "
        f"Install it there again, or name another {PROGRAM_NAME} in ANVIL_APP_SERVER."
    )
