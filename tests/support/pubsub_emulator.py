"""Google's own emulator of Pub/Sub, where this machine's Google Cloud CLI contains it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from standalone.local.free_port import free_port

#: A Java machine takes its time to start where others work.
_START_SECONDS = 120


def find_emulator() -> Path | None:
    """Return the emulator's program; None without it, and without Java."""
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        return None
    folder = Path(gcloud).resolve().parents[1] / "platform" / "pubsub-emulator" / "lib"
    return next(folder.glob("cloud-pubsub-emulator-*-all.jar"), None)


@contextmanager
def running_emulator() -> Iterator[str]:
    """Run the emulator; yield its address for PUBSUB_EMULATOR_HOST."""
    address = f"127.0.0.1:{(port := free_port())}"
    command = ["java", "-Xmx256m", "-jar", find_emulator(), "--host=127.0.0.1", f"--port={port}"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            with grpc.insecure_channel(address) as channel:
                grpc.channel_ready_future(channel).result(_START_SECONDS)
            yield address
        finally:
            process.kill()
