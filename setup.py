"""Builds the wheel: the folders that Anvil wants, as one import package named ``runstream``.

In a checkout the root is the Anvil app, and ``ingest`` and ``standalone`` are found on the path.
A wheel installs no other top-level name than ``runstream``, so the command line imports the
collector as ``runstream.ingest`` there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent

#: The Anvil app, as `serve` gives it to the app server, and the command line.
PARTS = (
    "__init__.py",
    "anvil.yaml",
    "client_code",
    "docs/schemas",
    "server_code",
    "standalone",
    "theme",
)

#: The commit that was built: `--version` shows it.
COMMIT_FILE = "commit.txt"

#: What `python -m runstream` runs.
MAIN = '''"""The command ``runstream``, for ``python -m runstream``."""

from runstream.standalone.__main__ import main

if __name__ == "__main__":
    main()
'''

ABSOLUTE_IMPORT = re.compile(r"^(\s*(?:from|import) )(ingest|standalone)\b", re.MULTILINE)


class BuildPackage(build_py):
    """Copies the parts into the package; an editable installation uses the checkout as it is."""

    def run(self) -> None:
        """Write ``runstream`` below the build directory."""
        if self.editable_mode:
            super().run()
            return
        package = Path(self.build_lib) / "runstream"
        shutil.rmtree(package, ignore_errors=True)
        for part in PARTS:
            _copy(ROOT / part, package / part)
        (package / "__main__.py").write_text(MAIN)
        (package / "py.typed").touch()
        (package / COMMIT_FILE).write_text(commit())
        app_version = package / "client_code" / "version.py"
        text = app_version.read_text(encoding="utf-8")
        app_version.write_text(text.replace('COMMIT = ""', f'COMMIT = "{commit()}"'))
        for module in (package / "standalone").rglob("*.py"):
            text = module.read_text(encoding="utf-8")
            module.write_text(ABSOLUTE_IMPORT.sub(r"\1runstream.\2", text), encoding="utf-8")


class SourceDistribution(sdist):
    """Adds the commit, because a source distribution has no history."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Write the files and the commit."""
        super().make_release_tree(base_dir, files)
        (Path(base_dir) / COMMIT_FILE).write_text(commit())


class WriteMetadata(egg_info):
    """Names the one package that a wheel installs."""

    def run(self) -> None:
        """Write the metadata."""
        super().run()
        (Path(self.egg_info) / "top_level.txt").write_text("runstream\n", encoding="utf-8")


def commit() -> str:
    """Return the commit that is built, or an empty string where nothing names it."""
    packed = ROOT / COMMIT_FILE
    if packed.exists():
        return packed.read_text().strip()
    if os.environ.get("RUNSTREAM_COMMIT"):
        return os.environ["RUNSTREAM_COMMIT"][:12]
    if not (ROOT / ".git").exists():
        return ""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copyfile(source, target)


setup(
    cmdclass={
        "build_py": BuildPackage,
        "egg_info": WriteMetadata,
        "sdist": SourceDistribution,
    },
    packages=["runstream", *find_packages("server_code"), *find_packages(include=["standalone*"])],
    package_dir={"runstream": ".", "ingest": "server_code/ingest", "standalone": "standalone"},
)
