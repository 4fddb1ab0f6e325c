"""The wheel and the source distribution: what they hold, and that they run without the checkout."""

from __future__ import annotations

import ast
import os
import re
import shlex
import signal
import subprocess
import sys
import tarfile
import venv
import zipfile
from email import message_from_bytes
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.processes import run_program

from standalone.local.aws_python import RELEASE

ROOT = Path(__file__).parents[2]
#: Types that only mypy reads.
STUBS = {"_typeshed", "mypy_boto3_s3", "mypy_boto3_sqs", "typing_extensions"}
#: The local AWS, which has an environment of its own.
APART = {"hypercorn", "ministack"}

#: What a program finds beside the package: of the checkout, nothing.
CLEAN = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}


def build(command: str, folder: Path) -> Path:
    """Build a distribution as an installer does, in this environment."""
    words = (
        f"import sys, setuptools.build_meta as backend; print(backend.build_{command}(sys.argv[1]))"
    )
    done = run_program([sys.executable, "-c", words, folder], folder=ROOT)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the command of an environment with the wheel, and with our dependencies' packages.

    A folder on the path brings no editable installation along, so the checkout is not seen.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    own = Path(str(packages))
    (own / "dependencies.pth").write_text(str(Path(pytest.__file__).parents[1]))
    for environment in Path(sys.prefix).glob("ministack-*"):
        (folder / environment.name).symlink_to(environment)
    install = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install"]
    subprocess.run([*install, "--quiet", "--no-deps", "--no-index", wheel], check=True)
    return folder / "bin" / "runstream"


def run(program: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_program([program, *words], folder=folder, environment={**CLEAN, "HOME": str(folder)})


def test_it_installs_one_package_and_the_whole_app(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"runstream"}
    for part in ("anvil.yaml", "py.typed", "server_code/requirements.txt", "theme/parameters.yaml"):
        assert f"runstream/{part}" in names
    assert any(name.startswith("runstream/client_code/Shell/") for name in names)
    assert not any("__pycache__" in name or "/tests/" in name for name in names)


def test_a_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    source = build("sdist", tmp_path)
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    words = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", words, tmp_path], cwd=folder, check=True, capture_output=True
    )
    (again,) = tmp_path.glob("*.whl")
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            each.filename: each.CRC for each in archive.infolist() if "RECORD" not in each.filename
        }


def test_alone_it_greets_with_the_next_steps(program: Path, tmp_path: Path) -> None:
    done = run(program, tmp_path)
    assert done.returncode == 0, done.stderr
    for command in ("runstream run", "runstream doctor", "runstream collect"):
        assert command in done.stdout


def test_the_version_names_the_commit(program: Path, tmp_path: Path) -> None:
    said = run(program, tmp_path, "--version").stdout
    assert re.fullmatch(rf"runstream, version {version('runstream')}( \([0-9a-f]{{12}}\))?\n", said)


def test_python_runs_the_package_as_the_command(program: Path, tmp_path: Path) -> None:
    python = program.with_name("python")
    said = run(python, tmp_path, "-m", "runstream", "--version")
    assert said.stdout == run(program, tmp_path, "--version").stdout


def test_the_dashboards_footer_names_the_same(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read("runstream/client_code/version.py").decode()
        commit = archive.read("runstream/commit.txt").decode()
    assert f'VERSION = "{version("runstream")}"' in packed
    assert f'COMMIT = "{commit}"' in packed


@pytest.mark.parametrize(
    ("shell", "words", "number"),
    [("bash", "runstream comp", "1"), ("zsh", "runstream comp", "1"), ("fish", "comp", "comp")],
)
def test_a_shell_completes_its_commands(
    program: Path, tmp_path: Path, shell: str, words: str, number: str
) -> None:
    """The script asks the program by these variables."""
    script = run(program, tmp_path, "completion", shell).stdout
    assert f"_RUNSTREAM_COMPLETE={shell}_complete" in script
    asked = {"_RUNSTREAM_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": number}
    done = run_program([program], folder=tmp_path, environment=CLEAN | asked)
    assert "completion" in done.stdout


def test_its_commands_start_without_the_checkout(program: Path, tmp_path: Path) -> None:
    for command in ("run", "serve", "uplink", "setup", "doctor", "collect", "status", "sandbox"):
        done = run(program, tmp_path, command, "--help")
        assert done.returncode == 0, done.stderr
    found = run(program, tmp_path, "doctor")
    assert "The state can be read and written" in found.stdout, found.stderr


@pytest.mark.slow
def test_it_collects_on_a_machine_where_nothing_is_set_up(program: Path, tmp_path: Path) -> None:
    """It begins with five lines that fit a terminal, reads as it says, and leaves no file."""
    path = os.pathsep.join([str(program.parent), CLEAN["PATH"]])
    environment = {**CLEAN, "PATH": path, "HOME": str(tmp_path)}
    with subprocess.Popen(
        [program, "run", "--terminal"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            first = [process.stdout.readline() for _ in range(5)]
            assert any(re.match(r"[1-9][\d,]* runs", line) for line in process.stderr)
            message = subprocess.run(
                shlex.split(first[2].removeprefix("Read")), capture_output=True, check=True
            )
            process.send_signal(signal.SIGINT)
            rest, errors = process.stdout.read(), process.stderr.read()
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert [line.split()[0] for line in first] == ["From", "To", "Read", "View", "Stop"]
    assert max(map(len, [*first, *rest.splitlines()])) <= 81
    assert b'"schema_version"' in message.stdout
    assert re.search(r"Collected [1-9][\d,]* runs", rest)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def declared(wheel: Path) -> list[Requirement]:
    """Return the dependencies of the wheel and of its extras."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])
    return [Requirement(line) for line in lines if not line.startswith("runstream[")]


def test_every_package_that_is_imported_is_declared(declared: list[Requirement]) -> None:
    """As a dependency or in an extra."""
    names = {canonicalize_name(requirement.name) for requirement in declared}
    owners = packages_distributions()
    for module in imported_modules():
        assert {canonicalize_name(name) for name in owners[module]} & names, module


def imported_modules() -> set[str]:
    """Return the top-level modules that the product imports, of other distributions."""
    found: set[str] = set()
    for folder in ("server_code/ingest", "standalone"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found.update(name.name.split(".")[0] for name in node.names)
                elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                    found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"ingest", "standalone"} - STUBS - APART


def test_every_pin_of_a_dependency_is_in_its_range(declared: list[Requirement]) -> None:
    """What the tests have seen is what an installer may choose."""
    locked = re.findall(
        r"^([\w.-]+)(?:\[\w+\])?==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    pins = {canonicalize_name(name): version for name, version in locked}
    for requirement in declared:
        if requirement.name not in APART:
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_the_local_aws_is_the_release_of_the_extra(declared: list[Requirement]) -> None:
    """Where the extra is absent, `run` installs this release into an environment of its own."""
    (ministack,) = (each for each in declared if each.name == "ministack")
    assert str(ministack.specifier) == f"=={RELEASE}"
    assert (
        f"\nministack=={RELEASE} " in (ROOT / "standalone" / "local" / "ministack.lock").read_text()
    )
