"""SQS and S3 on this machine, for the first run and for the tests.

It is ministack in a process of its own. It listens on the loopback, keeps everything in memory,
accepts any credentials, and ends with its parent process, even if the parent is killed. It is for
trials and tests, not for production.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

_LOOPBACK = "127.0.0.1"

_START_SECONDS = 90.0

#: How long it may take to stop before it is killed.
_GRACE_SECONDS = 5.0
_REGION = "us-east-1"
_HEALTH_PATH = "/_ministack/health"


class LocalAwsError(RuntimeError):
    """The local SQS and S3 did not start; the message ends with what they printed."""


class LocalAws:
    """A local SQS and S3 that answer from construction until `close`."""

    def __init__(
        self,
        *,
        port: int = 0,
        services: tuple[str, ...] = ("sqs", "s3"),
        enforces_policies: bool = False,
        echo: Callable[[str], None] = lambda _message: None,
    ) -> None:
        """Start `services` on `port`, or on a free one for 0, and return when they answer.

        With `enforces_policies` the key ``test`` may do everything, other keys what IAM allows.
        """
        from .aws_python import python_of_local_aws  # the child runs this file alone

        self._python = python_of_local_aws(echo)
        self._auth = {"AUTH": "true"} if enforces_policies else {}
        with socket.create_server((_LOOPBACK, port)) as listener:
            self.port: int = listener.getsockname()[1]
            self._folder = tempfile.TemporaryDirectory(
                prefix="runstream-aws-", ignore_cleanup_errors=True
            )
            self._log = Path(self._folder.name, "log")
            self._process = self._start(listener.fileno(), services)
        try:
            self._await_answer()
        except BaseException:
            self.close()
            raise

    @property
    def endpoint_url(self) -> str:
        """Return the value of AWS_ENDPOINT_URL."""
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables that point every AWS client here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    def close(self) -> None:
        """End the process and delete its data; calling again does nothing."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> LocalAws:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, listener: int, services: tuple[str, ...]) -> subprocess.Popen[bytes]:
        """Start the child with the bound socket, so that no other program can take the port."""
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [self._python, "-I", __file__, str(listener)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=_child_environment(self.port, self._folder.name, services) | self._auth,
                pass_fds=[listener],
                start_new_session=True,  # Ctrl-C must reach the parent only, to end its work
            )

    def _await_answer(self) -> None:
        # The socket listens already, so the first request simply waits for its response.
        connection = http.client.HTTPConnection(_LOOPBACK, self.port, timeout=_START_SECONDS)
        try:
            connection.request("GET", _HEALTH_PATH)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            output = self._log.read_text(errors="replace")[-2000:].strip() or "it printed nothing"
            message = f"The local SQS and S3 did not answer on port {self.port}: {output}"
            raise LocalAwsError(message) from error
        finally:
            connection.close()


def _child_environment(port: int, folder: str, services: tuple[str, ...]) -> dict[str, str]:
    """Return only what the child needs: no credentials, no persistence, no other listener."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": folder,
        "TMPDIR": folder,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": _LOOPBACK,  # the host in the URLs of queues
        "MINISTACK_REGION": _REGION,
        "SERVICES": ",".join(services),
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/none",  # else it removes containers of other instances
        "LOG_LEVEL": "ERROR",
    }


def _end_with_parent() -> None:
    """Wait until the parent closes the pipe or dies, then stop."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _serve(listener: int) -> None:
    """Serve ministack on a socket that is already bound, as the child process."""
    import asyncio

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    threading.Thread(target=_end_with_parent, daemon=True).start()
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.accesslog = None
    config.loglevel = "ERROR"
    config.keep_alive_timeout = 75
    try:
        asyncio.run(serve(app, config))
    finally:
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)  # the parent may be gone


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
