"""The app server as a process: its start, its first answer, its end."""

from __future__ import annotations

import errno
import http.client
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ingest.bootstrap.private_files import write_private
from ingest.settings import SETTINGS

from ..local.free_port import free_port, is_free
from ..local.supervised_process import Program, SupervisedProcess
from .configuration import SERVER_ADDRESS, ServerConfiguration
from .errors import CannotServe, ServerEnded
from .server_log import ServerLog

if TYPE_CHECKING:
    from ..reverse_proxy.server import ReverseProxy

#: How long a start may take: the first creates the database's schema, and machines may be slow.
START_SECONDS = 240.0

#: How often the progress of starting is printed.
WAIT_MESSAGE_SECONDS = 15.0

#: The size of the downlink's cache of apps. Unless it is 0, the app's source (2 MB) is sent with
#: each call, even to a process that has it; with 0, each new process requests it once.
APP_CACHE_SIZE = "0"

#: The server sends itself a trace of each request of server code, which nothing reads, wherever
#: OpenTelemetry's SDK is installed, which other packages require.
OTEL_SDK_DISABLED = "true"

#: How many ports are tried in all.
PORTS_TRIED = 3

_CHECK_SECONDS = 0.2
_ANSWER_SECONDS = 60.0
_HEALTH = "/_/api/health"


class AppServer:
    """An app server that was started with a configuration."""

    def __init__(
        self,
        program: Path,
        configuration: ServerConfiguration,
        folder: Path,
        *,
        environment: Mapping[str, str],
        echo: Callable[[str], None],
    ) -> None:
        """Start the server; its configuration and its log are written to `folder`."""
        self._configuration = configuration
        self._echo = echo
        file = folder / "config.yaml"
        write_private(file, configuration.as_yaml())
        self._process = SupervisedProcess(
            Program(
                arguments=[str(program), "--config-file", str(file)],
                environment=server_environment(environment),
                folder=folder,
            )
        )
        self._log = ServerLog(self._process.output_pipe, folder / "server.log", echo)

    @property
    def log_file(self) -> Path:
        """Return the file with everything that the server has printed."""
        return self._log.file

    def await_answer(self, stop: Event) -> None:
        """Wait until the app answers; raises ServerEnded or CannotServe. ``stop`` ends the wait."""
        started = time.monotonic()
        last_message_at = started
        while not self._log.ready.wait(_CHECK_SECONDS):
            self.require_alive()
            now = time.monotonic()
            if stop.is_set():
                return
            if now - started > START_SECONDS:
                raise CannotServe(self._with_output("The app server does not answer."))
            if now - last_message_at > WAIT_MESSAGE_SECONDS:
                last_message_at = now
                self._echo(f"  still starting, after {now - started:.0f} seconds")
        status = self._request_health()
        if status == http.client.INTERNAL_SERVER_ERROR:
            self._echo(f"The app answers with an error; see {self.log_file}.")

    def require_alive(self) -> None:
        """Raise ServerEnded, with the server's last output, if it has ended by itself."""
        code = self._process.exit_code()
        if code is not None:
            self._log.join()
            raise ServerEnded(self._with_output(f"The app server has ended, with code {code}."))

    def close(self) -> None:
        """End the server and all that it started; calling again does nothing."""
        self._process.close()
        self._log.join()

    def _with_output(self, sentence: str) -> str:
        # A copy: the server may print on meanwhile.
        output = "".join(f"\n  {line}" for line in tuple(self._log.last_lines)) or " nothing"
        return f"{sentence} Its last output ({self.log_file} has all):{output}"

    def _request_health(self) -> int:
        configuration = self._configuration
        connection = http.client.HTTPConnection(
            SERVER_ADDRESS, configuration.port, timeout=_ANSWER_SECONDS
        )
        try:
            connection.request("GET", _HEALTH)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            self.require_alive()
            raise CannotServe(
                self._with_output(
                    f"The app does not answer on port {configuration.port} ({error})."
                )
            ) from error
        finally:
            connection.close()


def start_app_server(
    start: Callable[[int], AppServer],
    proxy: ReverseProxy,
    *,
    echo: Callable[[str], None],
    stop: Event,
) -> AppServer:
    """Start the server behind a proxy, and wait until it answers, or ``stop`` is set.

    If another program takes the port before the server listens there, the server ends and is
    started on another port. Raises what ``AppServer.await_answer`` raises.
    """
    tries_left = PORTS_TRIED
    while True:
        server = start(proxy.app_server_port)
        try:
            server.await_answer(stop)
        except BaseException as error:
            server.close()
            tries_left -= 1
            is_taken = isinstance(error, ServerEnded) and not is_free(proxy.app_server_port)
            if not is_taken or tries_left == 0:
                raise
            echo(
                f"Another program has taken port {proxy.app_server_port}: starting on another one."
            )
            proxy.app_server_port = free_port()
        else:
            return server


def server_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the server: this Python, and no settings of other commands."""
    other_settings = {setting.name for setting in SETTINGS if not setting.is_read_by_app}
    kept = {name: value for name, value in environment.items() if name not in other_settings}
    return {
        "APP_CACHE_SIZE": APP_CACHE_SIZE,
        "OTEL_SDK_DISABLED": OTEL_SDK_DISABLED,
        **kept,
        "PYTHON_INTERPRETER": sys.executable,
    }


def listen(host: str, port: int) -> socket.socket:
    """Listen before anything else is started. Raises CannotServe if this machine refuses."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    is_dual_stack = host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=is_dual_stack)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotServe(
                f"Port {port} on {host} is taken by another program, perhaps by a Runstream that "
                "runs already. End it, or choose another one with --port."
            ) from error
        raise CannotServe(
            f"This machine does not let anybody listen on {host}, port {port}: {error.strerror}. "
            "Choose others with --host and --port."
        ) from error


def client_host(host: str) -> str:
    """Return the address at which a client on this machine reaches what listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is only read
