"""What is installed: the pinned releases, each file by its hash."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from support.processes import run_program

ROOT = Path(__file__).parents[2]
LISTS = (
    "requirements",
    "standalone/local/ministack",
    "standalone/local/postgres",
    "deploy/requirements",
    "deploy/build",
    "docs/requirements",
    "tests/fuzz/requirements",
)


def entries(file: Path) -> dict[str, str]:
    """Return the lines of each package that a list pins; follow ``-r``."""
    text = file.read_text().replace("\\\n", " ")
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("-r "):
            found |= entries(file.parent / line[3:])
        elif match := re.match(r"([\w.-]+)(?:\[[\w, -]+\])?==([^ ;]+)", line):
            found[canonicalize_name(match[1])] = f"{match[2]} {line[match.end() :]}"
    return found


@pytest.mark.parametrize("name", LISTS)
def test_a_lock_pins_what_its_list_pins(name: str) -> None:
    """After a change of a list, `make lock` updates its lock."""
    pinned, locked = (entries(ROOT / f"{name}{suffix}") for suffix in (".txt", ".lock"))
    releases = {package: line.split()[0] for package, line in locked.items()}
    for package, line in pinned.items():
        assert releases.get(package) == line.split()[0], f"{package}: run `make lock`"


@pytest.mark.parametrize("name", LISTS)
def test_every_package_of_a_lock_has_its_hashes(name: str) -> None:
    """`pip --require-hashes` refuses a file that has none of them."""
    locked = entries(ROOT / f"{name}.lock")
    assert locked
    for package, line in locked.items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), package


@pytest.mark.parametrize(
    "file", ["Dockerfile", "Makefile", ".github/workflows/fuzz.yml", ".github/workflows/ci.yml"]
)
def test_whatever_is_installed_from_a_list_is_installed_by_hashes(file: str) -> None:
    """An installation names a lock and requires its hashes, or installs this checkout itself."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    for command in re.findall(r"\bpip install .*", text):
        is_local = "--no-deps" in command and re.search(r" (--editable )?\.$|--no-index", command)
        assert is_local or ("--require-hashes" in command and ".lock" in command), command


@pytest.mark.parametrize("file", ["Dockerfile", "Makefile"])
def test_this_checkout_is_built_without_isolation(file: str) -> None:
    """In isolation pip installs the newest setuptools, whatever its hash."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    builds = re.findall(r"\bpip (?:install|wheel) [^&\n]*? \.(?= |$)", text, re.MULTILINE)
    assert builds
    for command in builds:
        assert "--no-build-isolation" in command, command


def test_the_bill_of_materials_lists_the_image(tmp_path: Path) -> None:
    """`make sbom` writes it in the format CycloneDX."""
    program = Path(sys.executable).with_name("cyclonedx-py")
    lock = ROOT / "deploy" / "requirements.lock"
    done = run_program([program, "requirements", "--output-reproducible", lock])
    assert done.returncode == 0, done.stderr
    for package in entries(lock):
        assert f'"purl": "pkg:pypi/{package}@' in done.stdout
