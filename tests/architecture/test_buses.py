"""A bus touches its adapter and the few files that CONTRIBUTING.md names, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Where a bus is chosen, its settings are declared, and its templates and hints are printed.
MAY_NAME_A_BUS = {
    "server_code/ingest/bootstrap/buses.py",
    "server_code/ingest/settings/collector.py",
    "server_code/ingest/settings/queues.py",
    "server_code/ingest/services/dashboard/setup.py",
    "standalone/commands/setup.py",
}

BUSES = {
    "pubsub": ("gcp", r"pub.?sub|gcloud|google_project|adapters\.gcp"),
    "servicebus": ("azure", r"service.?bus|bicep|adapters\.azure"),
}


@pytest.mark.parametrize("bus", BUSES)
def test_a_bus_is_named_only_where_it_is_chosen(bus: str) -> None:
    """Services, messages, ports, commands and pages do not know which bus they use."""
    adapter, words = BUSES[bus]
    own = ROOT / "server_code" / "ingest" / "adapters" / adapter
    naming = {
        path.relative_to(ROOT).as_posix()
        for folder in ("server_code", "standalone", "client_code")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yaml"}
        and own not in path.parents
        and re.search(words, path.read_text("utf-8"), re.IGNORECASE)
    }
    assert naming <= MAY_NAME_A_BUS
    assert "server_code/ingest/bootstrap/buses.py" in naming
