"""What the tests of forms share: the dashboard without a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.client_forms import ClientForms, client_forms


@pytest.fixture
def forms(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientForms]:
    """Open the dashboard's forms without a browser."""
    with client_forms(monkeypatch) as opened:
        yield opened
