"""Lists of glob patterns: ``*`` stands for any text, ``?`` for one character, ``!`` leaves out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .quotes import unquoted

#: A pattern longer than any name of GitHub's is a mistake.
MAX_PATTERN_LENGTH = 300

_SEPARATOR = re.compile(r"[,\n]")
_WILDCARDS = "*?"


@dataclass(frozen=True, slots=True)
class GlobList:
    """Patterns as they were written. If all begin with ``!``, everything else is included."""

    patterns: tuple[str, ...] = ()

    def accepts(self, *texts: str | None) -> bool:
        """Return whether one of the names of a thing is included and none of them is left out."""
        names = [text for text in texts if text]
        left_out = [pattern[1:] for pattern in self.patterns if pattern.startswith("!")]
        included = [pattern for pattern in self.patterns if not pattern.startswith("!")]

        def fits(patterns: list[str]) -> bool:
            return any(matches_glob(pattern, name) for pattern in patterns for name in names)

        return not fits(left_out) and (not included or fits(included))


MATCH_ALL = GlobList()


def parse_globs(text: str) -> GlobList:
    """Return the patterns that commas or lines separate, each once. Raises ValueError."""
    patterns = [unquoted(part) for part in _SEPARATOR.split(text)]
    for pattern in patterns:
        if pattern == "!" or len(pattern) > MAX_PATTERN_LENGTH:
            raise ValueError(f"is {text[:100]!r}: expected patterns such as main or !release-*")
    return GlobList(tuple(dict.fromkeys(pattern for pattern in patterns if pattern)))


def has_wildcard(text: str) -> bool:
    """Return whether a text is a pattern that can match other texts."""
    return any(mark in text for mark in _WILDCARDS)


def matches_glob(pattern: str, text: str) -> bool:
    """Return whether a text matches a pattern, regardless of case."""
    return _compiled(pattern.lower()).fullmatch(text.lower()) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Not fnmatch: it reads the brackets of names such as dependabot[bot] as a set of characters.
    first, *rest = (
        "".join("." if char == "?" else re.escape(char) for char in part)
        for part in re.sub(r"\*+", "*", pattern).split("*")
    )
    # Each part between two * is found once, as early as it can be: a text that does not match would
    # else be tried in as many ways as the parts can be placed in it.
    found = "".join(f"(?=(?P<p{n}>.*?{part}))(?P=p{n})" for n, part in enumerate(rest[:-1]))
    last = f".*{rest[-1]}" if rest else ""
    return re.compile(first + found + last, re.DOTALL)
