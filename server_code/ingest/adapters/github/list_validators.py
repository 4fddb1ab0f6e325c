"""The validator of a list in pages: the ETag of each of its pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

#: The largest page size in a stored validator: that of a commit's files.
MAX_VALIDATOR_PAGE_SIZE = 300


class PageEtags(NamedTuple):
    """The validator of a list, parsed: one ETag for each page of ``page_size`` items."""

    page_size: int
    etags: tuple[str, ...]


def format_validator(page_size: int, etags: Sequence[str | None]) -> str | None:
    """Return the validator of a list's pages; None if a page has no ETag."""
    return json.dumps([page_size, *etags]) if etags and None not in etags else None


def parse_validator(validator: str | None) -> PageEtags | None:
    """Parse a validator; None for the form that earlier versions wrote."""
    try:
        page_size, *etags = json.loads(validator or "null")
    except (ValueError, TypeError):
        return None
    is_size = isinstance(page_size, int) and 0 < page_size <= MAX_VALIDATOR_PAGE_SIZE
    if not etags or not is_size or not all(isinstance(etag, str) for etag in etags):
        return None
    return PageEtags(page_size, tuple(etags))
