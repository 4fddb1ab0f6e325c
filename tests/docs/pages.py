"""The pages of this repository: their commands, and their links."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: How a block of commands begins that cannot be run here, and what it may need.
MARK = re.compile(r"# (needs an? [A-Za-z ]+|needs [A-Za-z ]+|runs until stopped)")
NEEDS = {
    "needs a GitHub account",
    "needs a Google Cloud project",
    "needs an Azure subscription",
    "needs an AWS account",
    "needs a GitHub account and an AWS account",
    "needs an Anvil account",
    "needs an app server",
    "needs Docker",
    "needs root",
    "runs until stopped",
}

_BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Commands of a page, one block of them."""

    page: Path
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}-{self.number}"

    @property
    def mark(self) -> str | None:
        """What it says of what it needs."""
        found = MARK.match(self.text)
        return found[1] if found else None

    @cached_property
    def commands(self) -> list[str]:
        """Its commands, one a line, without comments."""
        joined = self.text.replace("\\\n", " ")
        lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
        return [line for line in lines if line]


@dataclass(frozen=True)
class Page:
    """A page of Markdown."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        """What it says."""
        return self.path.read_text(encoding="utf-8")

    @property
    def blocks(self) -> list[Block]:
        """The blocks of commands in it."""
        found = (textwrap.dedent(match[2]) for match in _BLOCK.finditer(self.text))
        return [Block(self.path, number, text) for number, text in enumerate(found, start=1)]

    @property
    def links(self) -> list[str]:
        """What it links to on this disk."""
        found = _LINK.findall(_FENCED.sub("", self.text))
        return [link for link in found if not link.startswith(("http://", "https://", "mailto:"))]

    @property
    def anchors(self) -> set[str]:
        """Names of its headings, as GitHub makes them."""
        return {_anchor(title) for title in _HEADING.findall(_FENCED.sub("", self.text))}


def _anchor(title: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", title.lower())
    return kept.strip().replace(" ", "-")


RECORDS = [Page(path) for path in sorted((ROOT / "docs" / "adr").glob("0*.md"))]
GUIDES = [Page(path) for path in sorted((ROOT / "docs" / "guides").glob("*.md"))]
MAPPINGS = [Page(path) for path in sorted((ROOT / "docs" / "mappings").glob("*.md"))]
PAGES = [
    *(Page(path) for path in sorted(ROOT.glob("*.md"))),
    *(Page(path) for path in sorted((ROOT / "docs").glob("*.md"))),
    Page(ROOT / "examples" / "README.md"),
    Page(ROOT / "docs" / "adr" / "README.md"),
    *RECORDS,
    *GUIDES,
    *MAPPINGS,
]
BLOCKS = [block for page in PAGES for block in page.blocks]
