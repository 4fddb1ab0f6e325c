"""Builds the wheel: the folders that Anvil wants, as one import package named ``runstream``.

In a checkout the root is the Anvil app, and ``ingest`` and ``standalone`` are found on the path.
A wheel installs no other top-level name than ``runstream``, so the command line imports the
collector as ``runstream.ingest`` there.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info

ROOT = Path(__file__).parent

#: The Anvil app, as `serve` gives it to the app server, and the command line.
PARTS = ("__init__.py", "anvil.yaml", "client_code", "server_code", "standalone", "theme")

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
        (package / "py.typed").touch()
        for module in (package / "standalone").rglob("*.py"):
            text = module.read_text(encoding="utf-8")
            module.write_text(ABSOLUTE_IMPORT.sub(r"\1runstream.\2", text), encoding="utf-8")


class WriteMetadata(egg_info):
    """Names the one package that a wheel installs."""

    def run(self) -> None:
        """Write the metadata."""
        super().run()
        (Path(self.egg_info) / "top_level.txt").write_text("runstream\n", encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copyfile(source, target)


setup(
    cmdclass={"build_py": BuildPackage, "egg_info": WriteMetadata},
    packages=["runstream", *find_packages("server_code"), *find_packages(include=["standalone*"])],
    package_dir={"runstream": ".", "ingest": "server_code/ingest", "standalone": "standalone"},
)
