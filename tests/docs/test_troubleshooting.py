"""The guide quotes what is really printed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guides/troubleshooting.md").read_text()
ROWS = [line for line in GUIDE.splitlines() if line.startswith("|")]
QUOTED = sorted({each for row in ROWS for each in re.findall(r"(?<!\*)\*([^*]+)\*", row)})


@pytest.fixture(scope="module")
def texts() -> str:
    """Return every text of the code, the parts of an f-string included."""
    trees = (
        ast.parse(file.read_text())
        for folder in ("server_code", "standalone", "client_code")
        for file in (ROOT / folder).rglob("*.py")
    )
    nodes = (node for tree in trees for node in ast.walk(tree))
    values = (node.value for node in nodes if isinstance(node, ast.Constant))
    return "\n".join(value for value in values if isinstance(value, str)).lower()


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_the_guide_quotes_is_what_is_printed(quoted: str, texts: str) -> None:
    """People search the page for the words that they see."""
    for part in quoted.split("…"):
        assert part.strip().lower() in texts
