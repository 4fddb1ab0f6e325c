"""Read both queues of Runstream into a folder: an example of a consumer.

    python examples/read_queues.py FOLDER          # until Ctrl-C
    python examples/read_queues.py FOLDER --once   # until both queues are empty
    python examples/read_queues.py FOLDER --bus servicebus    # or pubsub; by default EVENT_BUS

It writes ``metrics.jsonl`` and ``logs.jsonl``, one message per line, and each log byte for byte to
``logs/``. A message is deleted from its queue after it is on disk, so the script can be killed at
any time. Messages with a known ``event_id`` are discarded, also after a restart. Fields, event
types and values that it does not know are written like any other. A message that does not match
its schema stays on its queue, which moves it to the dead-letter queue.

The script depends only on the messages: see docs/schemas. It requires jsonschema and the packages
of its bus, which buses.py names, and uses the configuration of the environment.
"""

# ruff: noqa: INP001 - a script, not a module of a package

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from buses import BUSES, Received, download
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"

#: The values of ``log_encoding`` that this script decodes; a later version may add others.
ENCODINGS = ("utf-8", "base64")

Json = dict[str, Any]

logger = logging.getLogger("read_queues")


def main() -> None:
    """Read the queues until they are empty, or until the process is stopped."""
    logging.basicConfig(format="%(message)s")
    logger.setLevel(logging.INFO)
    arguments = _arguments()
    bus = BUSES[arguments.bus]()
    metrics = Lines(arguments.folder / "metrics.jsonl")
    logs = Logs(Lines(arguments.folder / "logs.jsonl"), arguments.folder / "logs")
    queues: list[tuple[str, int, Callable[[Json], None]]] = [
        (arguments.metrics_queue, 10, metrics.add),
        # One at a time: a log is loaded into memory.
        (arguments.logs_queue, 1, logs.add),
    ]
    check = Schemas(SCHEMAS)
    wait = 1 if arguments.once else 5
    while True:
        for name, maximum, take in queues:
            read_queue(bus.receive, name, maximum, wait, check, take)
        if arguments.once:
            break
    logger.info("%d messages and %d logs are in %s", metrics.added, logs.done, arguments.folder)


def read_queue(  # noqa: PLR0913, PLR0917 - a queue, how it is read, and what becomes of it
    receive: Callable[[str, int, int], Iterator[Received]],
    name: str,
    maximum: int,
    wait_seconds: int,
    check: Schemas,
    take: Callable[[Json], None],
) -> None:
    """Read one queue until a long poll returns no message."""
    while messages := list(receive(name, maximum, wait_seconds)):
        for body, remove in messages:
            envelope = own_envelope(body)
            faults = check.faults(envelope)
            if faults:
                logger.warning("invalid message left on %s: %s", name, "; ".join(faults))
                continue
            take(envelope)
            remove()


def own_envelope(body: Json) -> Json:
    """Return Runstream's own envelope of a message, which can be a CloudEvent."""
    if "specversion" not in body:
        return body
    return {
        "event_type": body["type"].removeprefix("runstream."),
        "event_id": body["id"],
        "schema_version": body["schemaversion"],
        "timestamp": body["time"],
        "data": body["data"],
    }


class Schemas:
    """The JSON Schemas of all message types."""

    def __init__(self, folder: Path) -> None:
        schemas = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
        registry: Registry[Any] = Registry().with_resources(
            (f"{name}.json", Resource.from_contents(schema)) for name, schema in schemas.items()
        )
        self._validators = {
            name: Draft202012Validator(schema, registry=registry)
            for name, schema in schemas.items()
        }

    def faults(self, envelope: Json) -> list[str]:
        """Return the validation errors of a message; none for an unknown message type."""
        names = ["envelope", self._schema_of(str(envelope.get("event_type")))]
        found = [
            error
            for name in names
            if name in self._validators
            for error in self._validators[name].iter_errors(envelope)
        ]
        return [f"{error.json_path}: {error.message[:200]}" for error in found]

    @staticmethod
    def _schema_of(event_type: str) -> str:
        for name in ("workflow_run", "workflow_job"):
            if event_type.startswith(f"{name}_"):
                return name
        return event_type


class Lines:
    """A file of JSON lines that contains every ``event_id`` and every log once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._repair(path)
        self._seen = {_identity(line) for line in self._read(path)}
        self._file = path.open("a", encoding="utf-8")
        self.added = 0

    def add(self, envelope: Json) -> None:
        """Write a message that the file does not contain."""
        if self.holds(_identity(envelope)):
            return
        # Write to disk before the message is deleted: a power failure then only repeats it.
        self._file.write(json.dumps(envelope) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._seen.add(_identity(envelope))
        self.added += 1

    def holds(self, identity: str) -> bool:
        """Return whether the file contains a message, or a log by its file name."""
        return identity in self._seen

    @staticmethod
    def _repair(path: Path) -> None:
        """Remove an incomplete last line; its message is received again."""
        if path.exists():
            with path.open("r+b") as file:
                content = file.read()
                file.truncate(content.rfind(b"\n") + 1)

    @staticmethod
    def _read(path: Path) -> Iterator[Json]:
        if path.exists():
            with path.open(encoding="utf-8") as file:
                yield from map(json.loads, file)


class Logs:
    """Logs, joined from parts that arrive in any order and possibly more than once."""

    def __init__(self, lines: Lines, folder: Path) -> None:
        self._lines = lines
        self._folder = folder
        self.done = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, envelope: Json) -> None:
        """Add one message of the logs queue."""
        data = envelope["data"]
        is_log = envelope["event_type"] == "job_log_fetched"
        if not is_log or data["log_encoding"] not in ENCODINGS:
            self._lines.add(envelope)
            return
        # Only numbers are used: a name from outside must not become a path.
        name = f"{data['run_id']}-{data['run_attempt']}-{data['job_id']}-{data['log_sha256'][:16]}"
        log = self._folder / f"{name}.log"
        log_file = f"{self._folder.name}/{log.name}"
        if self._lines.holds(log_file) or not (log.exists() or self._finish(log, data)):
            return
        # The line describes the whole log, whichever part arrived last.
        whole = {
            key: value
            for key, value in data.items()
            if key not in {"log_content", "content_url", "part"}
        }
        self._lines.add({**envelope, "data": {**whole, "log_file": log_file}})
        self.done += 1

    @staticmethod
    def _finish(log: Path, data: Json) -> bool:
        """Write a part, and return whether the log is now complete."""
        parts = [log.with_suffix(f".{n}-of-{data['parts']}") for n in range(1, data["parts"] + 1)]
        _write(parts[data["part"] - 1], _content(data))
        if not all(part.exists() for part in parts):
            return False
        _join(parts, log, data["log_sha256"])
        return True


def _identity(envelope: Json) -> str:
    identity: str = envelope["data"].get("log_file") or envelope["event_id"]
    return identity


def _content(data: Json) -> bytes:
    content: str | None = data["log_content"]
    if content is None:
        return download(data["content_url"])
    if data["log_encoding"] == "base64":
        return base64.b64decode(content, validate=True)
    return content.encode()


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    half = path.with_suffix(".half")
    half.write_bytes(content)
    half.replace(path)


def _join(parts: list[Path], log: Path, sha256: str) -> None:
    """Join all parts to one file and verify its digest."""
    half = log.with_suffix(".half")
    with half.open("wb") as joined:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, joined)
    with half.open("rb") as joined:
        digest = hashlib.sha256()
        while chunk := joined.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise ValueError(f"The parts of {log.name} do not match the digest of the log.")
    half.replace(log)
    for part in parts:
        part.unlink()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Read Runstream's queues into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--once", action="store_true", help="exit when both queues are empty")
    bus = os.environ.get("EVENT_BUS") or "sqs"
    parser.add_argument("--bus", choices=sorted(BUSES), default=bus, help=f"default: {bus}")
    for name in ("metrics", "logs"):
        default = os.environ.get(f"{name.upper()}_QUEUE") or f"ci_cd_{name}_queue"
        parser.add_argument(f"--{name}-queue", default=default, help=f"default: {default}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
