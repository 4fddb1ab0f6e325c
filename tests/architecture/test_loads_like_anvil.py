"""Anvil can load the server code: it sees text and not files, on Python 3.10, with few packages."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import run_program

ROOT = Path(__file__).parents[2]
SERVER_CODE = ROOT / "server_code"
LOADER = Path(__file__).with_name("like_anvil.py")

# What a requirement is called where it is imported; anvil itself is always there.
IMPORTED_AS = {"boto3": {"boto3", "botocore"}, "PyGithub": {"github"}, "requests": {"requests"}}
MAGIC_FOLDERS = ("scripts", "forms", "modules", "server_modules")


def allowed_packages() -> set[str]:
    lines = (SERVER_CODE / "requirements.txt").read_text().splitlines()
    names = {re.split(r"[=\[<>~!; ]", line)[0] for line in lines if line and line[0] != "#"}
    return {"anvil"}.union(*(IMPORTED_AS[name] for name in names))


def load(server_code: Path, *, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return run_program(
        [python, "-I", "-W", "error::SyntaxWarning", LOADER, server_code, *allowed_packages()]
    )


def python_310_with_packages() -> str | None:
    """Find a Python 3.10 that has what Anvil's servers have, if this machine has one."""
    python = shutil.which("python3.10")
    if python is None:
        return None
    probe = "import sys, anvil.server, boto3, github, requests; assert sys.version_info[1] == 10"
    done = subprocess.run([python, "-c", probe], capture_output=True, check=False)
    return python if done.returncode == 0 else None


def folders_with_modules(server_code: Path) -> set[Path]:
    modules = server_code.rglob("*.py")
    inner = {folder for path in modules for folder in path.parents if server_code in folder.parents}
    return {folder for folder in inner if folder.name != "__pycache__"}


def test_every_module_loads_from_its_text_alone():
    done = load(SERVER_CODE)
    assert done.returncode == 0, done.stderr
    assert "runstream.ingest.errors" in done.stdout.split()


def test_every_module_loads_on_python_310():
    python = python_310_with_packages()
    if python is None:
        pytest.skip("no python3.10 with the server's packages; syntax alone is checked")
    done = load(SERVER_CODE, python=python)
    assert done.returncode == 0, done.stderr


def test_every_module_is_written_in_python_310():
    for path in SERVER_CODE.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), filename=str(path), feature_version=(3, 10))


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import psycopg2", "runstream.ingest.bad imports psycopg2"),
        ("import yaml.nodes", "runstream.ingest.bad imports yaml.nodes"),
        ("import ingest", "runstream.ingest.bad imports ingest"),
        ("HERE = __file__", "name '__file__' is not defined"),
        ("from .missing import thing", "No module named 'runstream.ingest.missing'"),
        ("from pathlib import Pathe", "cannot import name 'Pathe'"),
        ("1 is 1", "SyntaxError"),
    ],
)
def test_a_module_that_anvil_could_not_load_is_caught(tmp_path, source, fault):
    (tmp_path / "ingest").mkdir()
    (tmp_path / "ingest" / "__init__.py").write_text("")
    (tmp_path / "ingest" / "bad.py").write_text(source)
    done = load(tmp_path)
    assert done.returncode == 1
    assert fault in done.stderr


def test_what_is_imported_late_or_for_types_only_is_left_alone(tmp_path):
    (tmp_path / "late.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import psycopg2\n"
        "def connect():\n    import psycopg2\n"
    )
    assert load(tmp_path).returncode == 0


def test_every_folder_is_a_package_and_server_code_is_none():
    folders = folders_with_modules(SERVER_CODE)
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []
    assert not (SERVER_CODE / "__init__.py").exists()


def test_no_data_lies_beside_the_modules():
    """Only text of modules reaches Anvil's workers: a data file would never be found."""
    files = {path for path in SERVER_CODE.rglob("*") if path.is_file()}
    ours = {path for path in files if "__pycache__" not in path.parts}
    others = {path for path in ours if path.suffix != ".py"}
    assert others == {SERVER_CODE / "requirements.txt"}


@pytest.mark.parametrize("name", MAGIC_FOLDERS)
def test_no_folder_at_the_root_means_something_to_anvil(name):
    assert not (ROOT / name).exists()


def test_loading_is_light():
    """Every call loads every module anew: what a few calls need is imported by them alone."""
    program = (
        "import importlib, pkgutil, sys, ingest\n"
        "for module in pkgutil.walk_packages(ingest.__path__, 'ingest.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(sorted({'boto3', 'botocore', 'github', 'requests', 'psycopg2', 'jwt',"
        " 'cryptography'} & set(sys.modules)))\n"
    )
    done = run_program([sys.executable, "-c", program], folder=SERVER_CODE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"
