"""The distributions, installed as a user installs them: with no extra, and with each one alone.

`make test-package` runs this file; it needs the package index and about ten minutes.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import run_program

ROOT = Path(__file__).parents[2]
EXTRAS = ("", "azure", "gcp", "mcp", "postgres", "sandbox", "server", "uplink", "all")
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build both as an installer does."""
    folder = tmp_path_factory.mktemp("distributions")
    for command in ("sdist", "wheel"):
        words = f"import setuptools.build_meta as backend; backend.build_{command}({str(folder)!r})"
        subprocess.run([sys.executable, "-c", words], cwd=ROOT, check=True, capture_output=True)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": source}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the user's folder, whose cache keeps the local AWS between the cases."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_works_where_nothing_else_is(
    kind: str, extra: str, distributions: dict[str, Path], home: Path, tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    name = f"runstream[{extra}]" if extra else "runstream"
    requirement = f"{name} @ {distributions[kind].as_uri()}"
    subprocess.run([UV, "venv", "--quiet", environment], check=True)
    install = [UV, "pip", "install", "--quiet", "--python", environment, requirement]
    subprocess.run(install, check=True)
    program = environment / "bin" / "runstream"

    assert run(program, tmp_path, home, "--help").returncode == 0
    doctor = run(program, tmp_path, home, "doctor")
    assert "The state can be read and written" in doctor.stdout, doctor.stderr
    assert "Traceback" not in doctor.stderr
    assert collects(program, tmp_path, home)


def collects(program: Path, folder: Path, home: Path) -> bool:
    """Return whether runs arrive, or the dashboard starts; however slow the machine is."""
    with subprocess.Popen(
        [program, "run", "--seconds", "300"],
        cwd=folder,
        env=environment_in(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            seen = any(re.match(r"[1-9][\d,]* runs|View   http", line) for line in process.stdout)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        finally:
            process.kill()
    return seen and process.returncode == 0


def run(program: Path, folder: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_program([program, *words], folder=folder, environment=environment_in(home))


def environment_in(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
