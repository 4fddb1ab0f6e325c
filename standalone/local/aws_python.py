"""The Python that runs the local SQS and S3.

ministack requires exact releases of boto3's packages. If it is not installed with Runstream, it
gets a virtual environment of its own, so that production can use other releases. `make install`
creates this one in the environment of a checkout; other users get one in their cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from ingest.errors import Fatal

RELEASE = "1.5.33"

_LOCK = Path(__file__).with_name("ministack.lock")
_INSTALL_SECONDS = 300


class NotInstalled(Fatal):
    """The local SQS and S3 could not be installed; the message says what to do."""


def python_of_local_aws(echo: Callable[[str], None]) -> str:
    """Return the interpreter that can import ministack, after installing it if necessary."""
    if find_spec("ministack") is not None:
        return sys.executable
    installed = _environment_in(Path(sys.prefix))  # created by `make install`
    if not _interpreter(installed).exists():
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        installed = install(Path(cache, "runstream"), echo)
    return str(_interpreter(installed))


def install(folder: Path, echo: Callable[[str], None]) -> Path:
    """Return ministack's virtual environment in a folder; create it once for each Python."""
    environment = _environment_in(folder)
    if _interpreter(environment).exists():
        return environment
    echo(f"Installing the local SQS and S3 (ministack {RELEASE}), once. This takes a minute.")
    folder.mkdir(parents=True, exist_ok=True)
    # Another process may install at the same time: the first complete environment stays.
    draft = Path(tempfile.mkdtemp(prefix="partial-", dir=folder))
    try:
        _install_packages(draft)
        if not _interpreter(environment).exists():  # the Python that it links to was removed
            shutil.rmtree(environment, ignore_errors=True)
        draft.rename(environment)
    except OSError as error:
        if not environment.exists():
            raise _not_installed(str(error)) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return environment


def _install_packages(environment: Path) -> None:
    """Create a virtual environment with the locked packages.

    pip is installed into it only if this Python has none, such as one of uv's: that takes longer
    than all packages.
    """
    has_pip = find_spec("pip") is not None
    options = ["--without-pip"] if has_pip else []
    _run([sys.executable, "-m", "venv", *options, str(environment)])
    python = sys.executable if has_pip else str(_interpreter(environment))
    (packages,) = environment.glob("lib/python3*/site-packages")
    target = ["--target", str(packages)] if has_pip else []
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
    _run([*pip, *target, "--require-hashes", "--requirement", str(_LOCK)])


def _environment_in(folder: Path) -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return folder / f"ministack-{RELEASE}-python{version}"


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _not_installed(f"It took longer than {_INSTALL_SECONDS} seconds.") from error
    if done.returncode:
        printed = (done.stderr or done.stdout).strip()[-1000:]
        raise _not_installed(printed or f"{command[0]} ended with code {done.returncode}.")


def _not_installed(reason: str) -> NotInstalled:
    return NotInstalled(
        f"The local SQS and S3 (ministack {RELEASE}) could not be installed: {reason}\n"
        'Install them with pip install "runstream[sandbox]", or set AWS_DEFAULT_REGION and '
        "credentials to use your own queues."
    )


def _interpreter(environment: Path) -> Path:
    return environment / "bin" / "python"


if __name__ == "__main__":
    install(Path(sys.prefix), print)
