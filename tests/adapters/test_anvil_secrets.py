"""Where the settings of an Anvil app are found."""

from __future__ import annotations

from types import SimpleNamespace

import anvil.secrets
import anvil.server
import pytest
from ingest.adapters import anvil_secrets


@pytest.mark.parametrize(
    ("variable", "secret", "found"),
    [
        ("v", "s", ("v", "environment")),
        (" ", "s", ("s", "App Secret")),
        ('""', "s", ("s", "App Secret")),
        (None, " ", (None, "default")),
        (None, "''", (None, "default")),
        (None, None, (None, "default")),
    ],
)
def test_a_setting_of_blanks_or_quotes_alone_is_not_set(
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    secret: str | None,
    found: tuple[str | None, str],
) -> None:
    """The Settings page would call a secret set that is read as missing."""
    monkeypatch.setattr(anvil_secrets, "_cache", {})
    monkeypatch.setattr(anvil.server, "context", SimpleNamespace(type="browser"))
    monkeypatch.setattr(anvil.secrets, "get_secret", lambda name: secret)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    if variable is not None:
        monkeypatch.setenv("GITHUB_TOKEN", variable)
    assert anvil_secrets.locate_setting("GITHUB_TOKEN") == found
