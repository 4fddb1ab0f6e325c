"""The app server's port: found free, and perhaps taken by another program before it listens."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event

import pytest

from standalone.app_server.configuration import ServerConfiguration
from standalone.app_server.errors import ServerEnded
from standalone.app_server.running import PORTS_TRIED, AppServer, listen, start_app_server
from standalone.local.free_port import free_port
from standalone.reverse_proxy.server import ReverseProxy

#: What the app server does where its port is taken, and else.
PROGRAM = f"""\
#!{sys.executable}
import http.server, sys, yaml
port = yaml.safe_load(open(sys.argv[2]))["port"]
server = http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler)
print("Downlink client connected", flush=True)
server.serve_forever()
"""


class Ports:
    """A server's starts, each on a port that is taken at the last moment while ``taken`` lasts."""

    def __init__(self, folder: Path, taken: int) -> None:
        self._folder = folder
        self._program = folder / "server"
        self._program.write_text(PROGRAM)
        self._program.chmod(0o700)
        self._left = taken
        self.others = ExitStack()
        self.tried: list[int] = []

    def start(self, port: int) -> AppServer:
        self.tried.append(port)
        if self._left:
            self._left -= 1
            self.others.enter_context(socket.create_server(("127.0.0.1", port)))
        configuration = ServerConfiguration(
            app=self._folder,
            data_dir=self._folder,
            origin="http://127.0.0.1",
            port=port,
            uplink_key="key",
            database=None,
            secrets={},
        )
        return AppServer(
            self._program, configuration, self._folder, environment={}, echo=lambda _: None
        )


@pytest.fixture
def proxy() -> Iterator[ReverseProxy]:
    with closing(ReverseProxy(listen("127.0.0.1", 0), free_port())) as proxy:
        yield proxy


@pytest.mark.parametrize("taken", range(PORTS_TRIED))
def test_a_port_that_was_taken_meanwhile_is_replaced(
    tmp_path: Path, proxy: ReverseProxy, taken: int
):
    """The proxy asks at the new one, and the terminal says so."""
    ports, said = Ports(tmp_path, taken), []
    with (
        ports.others,
        closing(start_app_server(ports.start, proxy, echo=said.append, stop=Event())) as server,
    ):
        server.require_alive()
    assert len(set(ports.tried)) == taken + 1
    assert proxy.app_server_port == ports.tried[-1]
    taken_ports = ports.tried[:-1]
    assert [each for each in said if "has taken port" in each] == [
        f"Another program has taken port {port}: starting on another one." for port in taken_ports
    ]


def test_after_three_ports_it_gives_up(tmp_path: Path, proxy: ReverseProxy):
    ports = Ports(tmp_path, PORTS_TRIED)
    with ports.others, pytest.raises(ServerEnded, match="Address already in use"):
        start_app_server(ports.start, proxy, echo=lambda _: None, stop=Event())
    assert len(ports.tried) == PORTS_TRIED


def test_a_server_that_ends_for_another_reason_is_not_started_again(
    tmp_path: Path, proxy: ReverseProxy
):
    ports = Ports(tmp_path, 0)
    (tmp_path / "server").write_text("#!/bin/sh\necho no\nexit 3\n")
    with pytest.raises(ServerEnded, match="code 3"):
        start_app_server(ports.start, proxy, echo=lambda _: None, stop=Event())
    assert len(ports.tried) == 1
