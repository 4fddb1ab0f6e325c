"""The scheduled workflow pins images to the digests that their registry returns."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support.processes import run_program

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "ab" * 32


def pin(folder: Path, docker: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run the script with a program that takes the place of docker."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{docker}\n")
    program.chmod(0o700)
    return run_program(
        [sys.executable, ROOT / ".ci" / "pin_images.py", *files],
        environment={"PATH": f"{folder}:{os.defpath}"},
    )


def test_every_image_with_a_tag_gets_its_digest(tmp_path: Path) -> None:
    """A stage of the same file and an image that is built here have none."""
    names = [tmp_path / "Dockerfile", tmp_path / "compose.yaml"]
    for file in names:
        file.write_text((ROOT / file.name).read_text())
    done = pin(tmp_path, f"echo {DIGEST}", *names)
    assert (done.returncode, done.stderr) == (0, "")
    text = "".join(file.read_text() for file in names)
    images = re.findall(r"^(?:FROM|\s+image:) (\S+)", text, re.MULTILINE)
    assert len(images) == 4
    assert all(image.endswith(f"@{DIGEST}") for image in images)


def test_a_digest_is_replaced_by_the_newest(tmp_path: Path) -> None:
    """The tag remains, so that Dependabot finds newer ones."""
    file = tmp_path / "Dockerfile"
    file.write_text(f"FROM python:3.12-slim@sha256:{'0' * 64} AS build\nCOPY --from=build a b\n")
    pin(tmp_path, f"echo {DIGEST}", file)
    assert file.read_text() == f"FROM python:3.12-slim@{DIGEST} AS build\nCOPY --from=build a b\n"


def test_without_an_answer_nothing_is_written(tmp_path: Path) -> None:
    """A digest is read from the registry or left out."""
    file = tmp_path / "Dockerfile"
    file.write_text("FROM python:3.12-slim\n")
    done = pin(tmp_path, "echo 'no such manifest' >&2; exit 1", file)
    assert done.returncode == 1
    assert "python:3.12-slim: its registry returned no digest: no such manifest" in done.stderr
    assert file.read_text() == "FROM python:3.12-slim\n"
