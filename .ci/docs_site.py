"""Lay out the pages of this repository for mkdocs, with the files that they link to.

The pages keep their folders, so that their links lead to the same places as on GitHub.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "build" / "docs-source"

_LINK = re.compile(r"(?:\]\(|(?:src|srcset)=\")([^)\s\"#:]+)[#)\"]")


def main() -> None:
    """Write the folder that mkdocs reads."""
    shutil.rmtree(TARGET, ignore_errors=True)
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")):
        _copy(page)
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            linked = (page.parent / link).resolve()
            if linked.is_file():
                _copy(linked)


def _copy(file: Path) -> None:
    target = TARGET / file.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)


if __name__ == "__main__":
    main()
