"""The direction of imports is kept, and the check fails when it is not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.processes import run_program

ROOT = Path(__file__).parents[2]
_LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

SOUND = {
    "standalone/__init__.py": "",
    "standalone/commands.py": "from ingest.bootstrap import build",
    "ingest/__init__.py": "",
    "ingest/errors.py": "",
    "ingest/settings.py": "from . import errors",
    "ingest/domain/__init__.py": "",
    "ingest/domain/runs.py": "import dataclasses\nfrom .. import errors",
    "ingest/wire/__init__.py": "from ..domain import runs",
    "ingest/messaging/__init__.py": "from ..domain import runs",
    "ingest/ports.py": "from . import messaging, settings",
    "ingest/services/__init__.py": "from .. import ports, wire",
    "ingest/adapters/__init__.py": "",
    "ingest/adapters/sql.py": "import sqlite3\nfrom .. import ports",
    "ingest/adapters/sqs.py": "def build():\n    import boto3\n    from .. import ports",
    "ingest/bootstrap.py": "from . import services\ndef build():\n    from .adapters import sql",
    "ingest/entrypoints/__init__.py": "from .. import bootstrap",
}
INWARD = "Imports point inward"
VENDORS = "Vendors stay in their adapter"
ADAPTERS = "Adapters do not import each other"


def lint(folder: Path) -> tuple[int, str]:
    """Check the packages in a folder against the repository's contracts."""
    search = os.pathsep.join([str(folder), str(folder / "server_code")])
    done = run_program(
        [sys.executable, "-c", _LINT, "--no-cache", "--no-logo", "--config=pyproject.toml"],
        folder=folder,
        environment={**os.environ, "PYTHONPATH": search},
    )
    return done.returncode, done.stdout + done.stderr


def write(folder: Path, sources: dict[str, str]) -> None:
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for name, source in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source + "\n")


def test_every_import_points_inward():
    code, report = lint(ROOT)
    assert code == 0, report


def test_a_sound_package_is_accepted(tmp_path):
    write(tmp_path, SOUND)
    code, report = lint(tmp_path)
    assert code == 0, report


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("ingest/services/__init__.py", "from ..adapters import sql", INWARD),
        ("ingest/adapters/sql.py", "from .. import services", INWARD),
        ("ingest/adapters/sql.py", "def late():\n    from .. import bootstrap", INWARD),
        ("ingest/domain/runs.py", "from .. import wire", INWARD),
        ("ingest/domain/runs.py", "from .. import settings", INWARD),
        ("ingest/messaging/__init__.py", "from .. import wire", INWARD),
        ("ingest/wire/__init__.py", "from ..settings import *", INWARD),
        ("ingest/errors.py", "from .domain import runs", INWARD),
        ("ingest/bootstrap.py", "import standalone.commands", INWARD),
        ("ingest/entrypoints/__init__.py", "import standalone.commands", INWARD),
        ("ingest/services/__init__.py", "def late():\n    import boto3", VENDORS),
        ("ingest/wire/__init__.py", "from github import Github", VENDORS),
        ("ingest/ports.py", "import anvil.server", VENDORS),
        ("ingest/domain/runs.py", "import sqlite3", VENDORS),
        ("ingest/adapters/sqs.py", "from . import sql", ADAPTERS),
    ],
)
def test_an_import_in_the_wrong_direction_is_caught(tmp_path, module, line, contract):
    write(tmp_path, {**SOUND, module: f"{SOUND[module]}\n{line}"})
    code, report = lint(tmp_path)
    assert code == 1, report
    assert f"{contract} BROKEN" in report
