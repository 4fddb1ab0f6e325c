"""Lists in short pages: what needs several pages needs few runs."""

from __future__ import annotations

import pytest
from ingest.adapters.github import actions, lists


@pytest.fixture
def ten_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read lists in pages of 10, where GitHub's have up to 100."""
    monkeypatch.setattr(actions, "PER_PAGE", 10)
    monkeypatch.setattr(lists, "PAGE_SIZES", (10,))
