"""Pages of a list, and the `Link` header that leads through them.

https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

MAX_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a list that a request asks for; `number` counts from 1."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """Return the index of the first item."""
        return (self.number - 1) * self.size


def requested_page(
    args: Mapping[str, str], *, default: int = 30, maximum: int = MAX_PER_PAGE
) -> Page:
    """Read `page` and `per_page`; a value that is not a positive number is ignored."""
    number = _positive(args.get("page"), 1)
    return Page(number, min(maximum, _positive(args.get("per_page"), default)))


def link_header(url: str, args: Mapping[str, str], page: Page, total: int) -> str:
    """Return the header's value; empty for a list that fits one page."""
    last = max(1, -(-total // page.size))
    targets: list[tuple[str, int]] = []
    if page.number > 1:
        targets.append(("prev", min(page.number - 1, last)))
    if page.number < last:
        targets += [("next", page.number + 1), ("last", last)]
    if page.number > 1:
        targets.append(("first", 1))
    return ", ".join(
        f'<{url}?{urlencode({**args, "page": str(number)})}>; rel="{name}"'
        for name, number in targets
    )


def _positive(text: str | None, default: int) -> int:
    try:
        number = int(text or default)
    except ValueError:
        return default
    return number if number > 0 else default
