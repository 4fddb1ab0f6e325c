"""Print the section of CHANGELOG.md that describes a tag; fail if the tag is not the version."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def release_notes(tag: str, changelog: str, project: str) -> str:
    """Return the notes of a version; raise SystemExit if something does not fit."""
    found = re.search(r'^version = "(.+)"$', project, re.MULTILINE)
    version = found[1] if found else ""
    if tag != f"v{version}":
        raise SystemExit(f"The tag {tag} is not the version of pyproject.toml: v{version}.")
    section = re.search(
        rf"^## \[{re.escape(version)}\][^\n]*\n(.+?)(?=^## \[|\Z)",
        changelog,
        re.MULTILINE | re.DOTALL,
    )
    if section is None or not section[1].strip():
        raise SystemExit(f"CHANGELOG.md has no section [{version}]: describe the version first.")
    return section[1].strip()


def with_absolute_links(notes: str, files_url: str) -> str:
    """Return the notes with links that also work outside of the repository's files."""
    in_changelog = re.sub(r"\]\(#", f"]({files_url}/CHANGELOG.md#", notes)
    return re.sub(r"\]\((?![a-z]+:)", f"]({files_url}/", in_changelog)


if __name__ == "__main__":
    tag = sys.argv[1]
    notes = release_notes(
        tag,
        (ROOT / "CHANGELOG.md").read_text("utf-8"),
        (ROOT / "pyproject.toml").read_text("utf-8"),
    )
    # https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    repository = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"
    print(with_absolute_links(notes, f"{repository}/blob/{tag}"))
