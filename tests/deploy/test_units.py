"""The units, as systemd itself reads them."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.command_line import ROOT
from support.processes import run_program

from standalone.cli import cli
from standalone.failures import MISCONFIGURED, UNAVAILABLE

UNITS = sorted((ROOT / "deploy").glob("*.service"))
NAMES = [unit.name for unit in UNITS]

#: systemd's measure of what a service could reach, from 0 (nothing) to 10; most have over 9.
MAX_EXPOSURE = "20"


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("there is no systemd-analyze here")
    return found


@pytest.fixture(params=UNITS, ids=NAMES)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Copy a unit, with this Python where the checkout's would be."""
    text = request.param.read_text()
    copy = tmp_path / request.param.name
    copy.write_text(re.sub(r"^(ExecStart=)\S+", rf"\1{sys.executable}", text, flags=re.MULTILINE))
    return copy


def test_systemd_finds_no_fault(unit: Path, analyze: str) -> None:
    """Every section, name and value is one that it knows."""
    done = run_program([analyze, "verify", "--man=no", unit])
    assert (done.returncode, done.stderr) == (0, "")


def test_its_access_is_restricted(unit: Path, analyze: str) -> None:
    """Systemd rates what a compromised service could do."""
    measured = [analyze, "security", "--offline=true", f"--threshold={MAX_EXPOSURE}", unit]
    done = run_program(measured)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit_file", UNITS, ids=NAMES)
def test_it_starts_a_command_that_there_is(unit_file: Path) -> None:
    """The command line reads its arguments, up to the help that ends it."""
    (line,) = values(unit_file, "ExecStart")
    program, *words = shlex.split(line)
    assert Path(program).name == "runstream"
    done = CliRunner().invoke(cli, [*words, "--help"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("unit_file", UNITS, ids=NAMES)
def test_what_may_help_is_tried_again_and_nothing_else(unit_file: Path) -> None:
    """An app that is down comes back; a wrong key stays wrong."""
    assert values(unit_file, "Restart") == ["on-failure"]
    (prevented,) = values(unit_file, "RestartPreventExitStatus")
    assert int(prevented) == MISCONFIGURED
    assert str(UNAVAILABLE) not in prevented
    assert values(unit_file, "StartLimitIntervalSec") == ["0"]
