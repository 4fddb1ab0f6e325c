"""The virtual environment of the local SQS and S3."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from standalone.local import aws_python


def test_an_environment_whose_python_was_removed_is_installed_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An upgrade of Python removes the release before; its environments link to it."""
    pythons = iter([tmp_path / "removed", Path(sys.executable), Path("/never/asked/for")])

    def install_packages(environment: Path) -> None:
        interpreter = environment / "bin" / "python"
        interpreter.parent.mkdir()
        interpreter.symlink_to(next(pythons))

    monkeypatch.setattr(aws_python, "_install_packages", install_packages)
    first = aws_python.install(tmp_path, print)
    assert aws_python.install(tmp_path, print) == first
    assert (first / "bin" / "python").exists()
    assert aws_python.install(tmp_path, print) == first
    assert list(tmp_path.iterdir()) == [first]
