"""The image: its recipe, and that what it installs is enough. CI builds it: Docker is there."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.command_line import ROOT, TOKEN, CommandLine, bare, cli, github
from support.processes import run_program

__all__ = ["bare", "cli", "github"]

RECIPE = (ROOT / "Dockerfile").read_text()
IN_THE_IMAGE = {"python_version": "3.12", "python_full_version": "3.12.0"}

#: Every Python brings it along; the package of that name is for those of long ago.
STANDARD = {"argparse"}


def pins(file: Path) -> dict[str, str]:
    """Read which release of each package a file of requirements pins."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w, -]+\])?==([\w.+-]+)", file.read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


INSTALLED = {
    name: version
    for name, version in pins(ROOT / "deploy" / "requirements.lock").items()
    if name not in STANDARD
}


def instructions(word: str) -> list[str]:
    """List what the last stage of the recipe says with one word, lines joined."""
    joined = RECIPE.replace("\\\n", " ")
    return re.findall(rf"^{word}\s+(.*)$", joined[joined.rindex("\nFROM") :], re.MULTILINE)


def test_a_linter_of_dockerfiles_finds_no_fault() -> None:
    """Hadolint knows what goes wrong in images."""
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint comes from pip for Linux on x86-64 only")
    done = run_program([linter, ROOT / "Dockerfile"])
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_unprivileged_and_serves_its_health() -> None:
    """It runs as an unnamed user, and its health check uses the address that it listens on."""
    (user,) = instructions("USER")
    assert user.isdigit()
    assert int(user) > 0
    (environment,) = instructions("ENV")
    (health,) = instructions("HEALTHCHECK")
    address = re.search(r"RUNSTREAM_HTTP=(\S+)", environment)
    assert address is not None
    assert f"http://{address[1]}/healthz" in health
    assert instructions("ENTRYPOINT") == ['["runstream"]']
    assert instructions("CMD")[0].startswith('["collect"')


def test_what_is_copied_is_there_and_let_through() -> None:
    """The recipe names files of this checkout, and .dockerignore keeps all others out."""
    copied = re.findall(r"^COPY (?!--from)(.*)$", RECIPE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()[:-1]}
    assert all((ROOT / source).exists() for source in sources)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == sources


def test_what_it_installs_is_pinned_as_here() -> None:
    """No release is in the image that the tests have not seen."""
    ours = pins(ROOT / "requirements.txt") | pins(ROOT / "server_code" / "requirements.txt")
    assert {name: ours.get(name) for name in INSTALLED} == INSTALLED


def test_nothing_that_a_package_needs_is_missing() -> None:
    """It is installed without dependencies, so the list has to hold them all."""
    needed = {name for package in INSTALLED for name in required_by(distribution(package))}
    assert needed - STANDARD <= set(INSTALLED)


@pytest.mark.parametrize("extra", ["azure", "gcp", "postgres", "uplink"])
def test_it_serves_each_bus_and_host(extra: str) -> None:
    """One image is for all three clouds: nobody can install an extra in a container."""
    project = distribution("runstream")
    requirements = (Requirement(line) for line in project.requires or [])
    named = {
        canonicalize_name(each.name)
        for each in requirements
        if each.marker and each.marker.evaluate({"extra": extra, **IN_THE_IMAGE})
    }
    assert named
    assert named <= set(INSTALLED)


def required_by(package: Distribution) -> Iterator[str]:
    for line in package.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": "", **IN_THE_IMAGE}):
            yield canonicalize_name(requirement.name)


def test_what_it_installs_is_enough_to_collect(cli: CommandLine, tmp_path: Path) -> None:
    """A Python that sees these packages and no others collects all that there is."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for package in INSTALLED:
        link_package(distribution(package), packages)
    path = os.pathsep.join(map(str, (packages, ROOT, ROOT / "server_code")))
    done = run_program(
        [sys.executable, "-S", "-m", "standalone", "collect", "--once", "--json", "octo/api"],
        folder=cli.folder,
        environment=cli.whole_environment({"PYTHONPATH": path, "GITHUB_TOKEN": TOKEN}),
    )
    assert done.returncode == 0, done.stderr
    assert '"logs": 3' in done.stdout


def link_package(package: Distribution, folder: Path) -> None:
    """Lay links to a package's files into a folder, as pip lays the files."""
    for file in package.files or []:
        if ".." not in file.parts:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).symlink_to(Path(str(package.locate_file(file))))
