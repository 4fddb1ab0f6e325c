"""Read both of Runstream's queues into a folder: a consumer to run, to read and to start from.

    python examples/read_queues.py FOLDER          # until Ctrl-C
    python examples/read_queues.py FOLDER --once   # until both queues are empty

It writes ``metrics.jsonl`` and ``logs.jsonl``, one message a line, and each log byte for byte into
``logs/``. A message is deleted from its queue only when it is on disk, so it may be killed at any
moment; repeats are told by their ``event_id``, and are dropped also after a restart. What does not
match its schema stays on its queue, which moves it to the dead letters.

It knows nothing of Runstream but the messages: see docs/schemas. Needs boto3, jsonschema and
amazon-sqs-extended-client. AWS is reached as by any AWS tool, AWS_ENDPOINT_URL included.
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

import boto3

# Importing this is all it takes, and it takes effect everywhere: from here on every SQS client of
# this process is an extended one, which replaces a pointer into S3 by what lies there.
import sqs_extended_client
from botocore.config import Config
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"

Json = dict[str, Any]

logger = logging.getLogger("read_queues")


def main() -> None:
    """Read the queues until they are empty, or for ever."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = _arguments()
    sqs = _extended_client()
    metrics = Lines(arguments.folder / "metrics.jsonl")
    logs = Logs(Lines(arguments.folder / "logs.jsonl"), arguments.folder / "logs")
    queues: list[tuple[str, int, Callable[[Json], None]]] = [
        (arguments.metrics_queue, 10, metrics.add),
        # One at a time: the extended client loads whatever lies in S3 into memory.
        (arguments.logs_queue, 1, logs.add),
    ]
    check = Schemas(SCHEMAS)
    wait = 1 if arguments.once else 5
    while True:
        for name, most, take in queues:
            read_queue(sqs, name, most, wait, check, take)
        if arguments.once:
            break
    logger.info("%d messages and %d logs are in %s", metrics.added, logs.done, arguments.folder)


def read_queue(  # noqa: PLR0913, PLR0917 - a queue, how it is read, and what becomes of it
    sqs: Any,  # noqa: ANN401 - boto3 makes its clients at run time
    name: str,
    most: int,
    wait_seconds: int,
    check: Schemas,
    take: Callable[[Json], None],
) -> None:
    """Take what one queue holds now, until a long poll finds it empty."""
    url = name if "://" in name else sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while messages := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        WaitTimeSeconds=wait_seconds,
        MessageAttributeNames=["All"],
    ).get("Messages", []):
        for message in messages:
            envelope = json.loads(message["Body"])
            faults = check.faults(envelope)
            if faults:
                logger.warning("left on %s, for it is invalid: %s", name, "; ".join(faults))
                continue
            take(envelope)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt_handle(message))


def receipt_handle(message: Json) -> str:
    """Give back the handle that SQS gave.

    For a message from S3 the extended client puts the object's place before the handle, and takes
    it off again with ``handle.split("-")[-1]``: a handle that holds a hyphen loses its beginning,
    and the message is never deleted. So it is taken off here, and the client leaves it alone.
    """
    handle: str = message["ReceiptHandle"]
    return handle.rpartition(sqs_extended_client.client.S3_KEY_MARKER)[2]


class Schemas:
    """Know what each kind of message looks like."""

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
        """Say what is wrong with a message; nothing for a kind that a later version added."""
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
    """Be a file of JSON lines that holds every ``event_id`` once, and every log once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._mend(path)
        self._seen = {_identity(line) for line in self._read(path)}
        self._file = path.open("a", encoding="utf-8")
        self.added = 0

    def add(self, envelope: Json) -> None:
        """Write a message, unless it is there."""
        if self.holds(_identity(envelope)):
            return
        # On disk before the message is deleted: a power cut in between costs a repeat, no more.
        self._file.write(json.dumps(envelope) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._seen.add(_identity(envelope))
        self.added += 1

    def holds(self, identity: str) -> bool:
        """Tell whether a message, or a log by its file, was written before."""
        return identity in self._seen

    @staticmethod
    def _mend(path: Path) -> None:
        """Cut off a last line that a kill left half written; its message comes again."""
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
    """Put logs together from their parts, which may come in any order and more than once."""

    def __init__(self, lines: Lines, folder: Path) -> None:
        self._lines = lines
        self._folder = folder
        self.done = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, envelope: Json) -> None:
        """Take one message of the logs queue."""
        data = envelope["data"]
        if envelope["event_type"] != "job_log_fetched":
            self._lines.add(envelope)
            return
        # Numbers only: no name from outside becomes a path.
        name = f"{data['run_id']}-{data['run_attempt']}-{data['job_id']}-{data['log_sha256'][:16]}"
        log = self._folder / f"{name}.log"
        log_file = f"{self._folder.name}/{log.name}"
        if self._lines.holds(log_file) or not (log.exists() or self._finish(log, data)):
            return
        # The line stands for the whole log, whichever of its parts came last.
        whole = {key: value for key, value in data.items() if key not in {"log_content", "part"}}
        self._lines.add({**envelope, "data": {**whole, "log_file": log_file}})
        self.done += 1

    @staticmethod
    def _finish(log: Path, data: Json) -> bool:
        """Keep a part; tell whether it was the last one missing, and the log is there now."""
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
    content: str = data["log_content"]
    if data["log_encoding"] == "base64":
        return base64.b64decode(content, validate=True)
    return content.encode()


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    half = path.with_suffix(".half")
    half.write_bytes(content)
    half.replace(path)


def _join(parts: list[Path], log: Path, sha256: str) -> None:
    """Make one file of all parts, and make sure that it is what GitHub had."""
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
        raise ValueError(f"The parts of {log.name} do not make the log.")
    half.replace(log)
    for part in parts:
        part.unlink()


def _extended_client() -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    # As the extended client's documentation has it, with retries for both of its services.
    config = Config(retries={"mode": "standard", "total_max_attempts": 5})
    session: Any = boto3.session.Session()
    region = session.region_name or "us-east-1"
    sqs = session.client("sqs", region_name=region, config=config)
    sqs.s3_client = session.client("s3", region_name=region, config=config)
    return sqs


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Read Runstream's queues into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--once", action="store_true", help="end when both queues are empty")
    for name in ("metrics", "logs"):
        default = os.environ.get(f"{name.upper()}_QUEUE") or f"ci_cd_{name}_queue"
        parser.add_argument(f"--{name}-queue", default=default, help=f"default: {default}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
