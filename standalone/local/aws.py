"""SQS and S3 on this machine, for the first run and for the tests.

It is ministack in a process of its own. It listens on the loopback, keeps everything in memory,
accepts any credentials, and ends with its parent process, even if the parent is killed. It is for
trials and tests, not for production.
"""

from __future__ import annotations

import http.client
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from ingest.errors import IngestError

from .aws_python import python_of_local_aws
from .supervised_process import Program, SupervisedProcess

_SERVER = Path(__file__).with_name("ministack_server.py")
_LOOPBACK = "127.0.0.1"

_START_SECONDS = 90.0
_REGION = "us-east-1"
_HEALTH_PATH = "/_ministack/health"


class LocalAwsError(IngestError):
    """The error that the local SQS and S3 did not start, with what they printed."""


class LocalAws:
    """A local SQS and S3 that answer from construction until `close`."""

    def __init__(
        self,
        *,
        services: tuple[str, ...] = ("sqs", "s3"),
        enforces_policies: bool = False,
        echo: Callable[[str], None] = lambda _message: None,
    ) -> None:
        """Start `services` on a free port, and return when they answer.

        With `enforces_policies` the key ``test`` may do everything, other keys what IAM allows.
        """
        python = python_of_local_aws(echo)
        with socket.create_server((_LOOPBACK, 0)) as listener:
            self.port: int = listener.getsockname()[1]
            self._folder = tempfile.TemporaryDirectory(
                prefix="runstream-aws-", ignore_cleanup_errors=True
            )
            self._log = Path(self._folder.name, "log")
            # The child gets the bound socket, so that no other program can take the port.
            program = Program(
                arguments=[python, "-I", str(_SERVER), str(listener.fileno()), self._folder.name],
                environment=_child_environment(self.port, self._folder.name, services)
                | ({"AUTH": "true"} if enforces_policies else {}),
                folder=Path(self._folder.name),
                listener=listener.fileno(),
            )
            with self._log.open("wb") as log:
                self._process = SupervisedProcess(program, log)
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
        self._process.close()
        self._folder.cleanup()

    def __enter__(self) -> LocalAws:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
