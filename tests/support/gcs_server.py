"""Cloud Storage on this machine: the emulator `gcp-storage-emulator`, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from gcp_storage_emulator.server import create_server


@contextmanager
def running_gcs() -> Iterator[str]:
    """Run a server; yield its address for STORAGE_EMULATOR_HOST."""
    # The emulator says where it stores nothing.
    server = create_server("127.0.0.1", 0, in_memory=True)
    with server, pytest.MonkeyPatch.context() as environment:
        address = f"http://127.0.0.1:{server._api._httpd.server_port}"
        environment.setenv("STORAGE_EMULATOR_HOST", address)
        yield address
