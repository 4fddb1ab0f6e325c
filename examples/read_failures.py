"""Print where each failed job failed: an example of a consumer that reads no more than it needs.

    python examples/read_failures.py
    python examples/read_failures.py --bus servicebus    # or pubsub; by default EVENT_BUS

Reads both queues of Runstream until they are empty, deletes what it read, and prints one JSON line
for each failed job: the failing step, the step's first error line with its number, whether the
step's place is certain, and the annotations. A line for an attempt that failed to start has only
the annotations. A log behind a claim check takes two reads of S3, whatever its size: the head of
the object that holds the message, and the failing step's bytes of the object that holds the log
alone. In Blob Storage and in Cloud Storage it takes one: the message itself says where the step is.

The script depends only on the messages: see docs/guides/messages.md. It requires the packages of
its bus, which buses.py names, and uses the configuration of the environment.
"""

# ruff: noqa: INP001, T201 - a script, not a module of a package

from __future__ import annotations

import argparse
import base64
import json
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

from buses import BUSES, download

#: Everything but the log is within this many first bytes of a message's object.
HEAD_BYTES = 256 * 1024
FAILED = ("failure", "timed_out", "cancelled", "startup_failure")

Json = dict[str, Any]

#: Where a log is stored: the bucket and key in S3, else a ``content_url``.
Location = Json | str


def main() -> None:
    """Print the failures of all messages that wait."""
    arguments = _arguments()
    s3: Any = None
    if arguments.bus == "sqs":
        sqs, s3 = open_aws()
        read = partial(receive, sqs)
    else:
        read = partial(receive_all, BUSES[arguments.bus]())
    failed = {
        _key(body["data"]): body["data"]
        for body in read(arguments.metrics_queue)
        if is_failure(event_type(body), body["data"])
    }
    logs: dict[Any, Log] = {}
    for body in read(arguments.logs_queue):
        head, location = read_head(s3, body)
        if event_type(head) == "job_log_fetched" and _key(head["data"]) in failed:
            logs.setdefault(_key(head["data"]), Log(s3, location)).add(head["data"])
    for key, job in failed.items():
        print(json.dumps(explain(job, logs.get(key))))


def open_aws() -> tuple[Any, Any]:
    """Open clients of SQS and S3, without AWS's extended library, which reads whole objects."""
    import boto3

    session: Any = boto3.session.Session()
    region = session.region_name or "us-east-1"
    return session.client("sqs", region_name=region), session.client("s3", region_name=region)


def receive_all(bus: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - one of BUSES
    """Yield the bodies of a queue of Service Bus or Pub/Sub as ``receive`` does."""
    while messages := list(bus.receive(name, 10, 1)):
        for body, remove in messages:
            yield body
            remove()


def receive(sqs: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - boto3 makes its clients
    """Yield the bodies of a queue's messages until it is empty; delete each one after its use."""
    url = name if "://" in name else sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1
    ).get("Messages", []):
        for message in messages:
            yield json.loads(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def event_type(message: Json) -> str:
    """Return the type of a message in Runstream's own format, or of a CloudEvent."""
    found: str = message.get("event_type") or message["type"].removeprefix("runstream.")
    return found


def is_failure(kind: str, data: Json) -> bool:
    """Return whether a message is about a job that failed, or an attempt that failed to start."""
    if data.get("conclusion") not in FAILED:
        return False
    return kind == "workflow_job_completed" or (
        kind == "workflow_run_completed" and bool(data.get("annotations"))
    )


def read_head(s3: Any, body: Any) -> tuple[Json, Location | None]:  # noqa: ANN401
    """Return a message (without ``log_content`` if it is in S3), and the location of its log."""
    if isinstance(body, dict):
        return body, body["data"].get("content_url")
    bucket, key = body[1]["s3BucketName"], body[1]["s3Key"]
    answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{HEAD_BYTES - 1}")
    head, _, _ = answer["Body"].read().partition(b',"log_content":"')
    text = {"Bucket": bucket, "Key": key.removesuffix(".json") + ".txt"}
    return json.loads(head + b"}}"), text


class Log:
    """One job's log, which is read in ranges of bytes."""

    def __init__(self, s3: Any, location: Location | None) -> None:  # noqa: ANN401
        self._s3 = s3
        self._location = location
        self._parts: dict[int, bytes] = {}
        self.facts: Json = {}

    def add(self, data: Json) -> None:
        """Add a message of the log; without a claim check there may be several parts."""
        if data["part"] == 1:
            self.facts = data
        content: str = data.get("log_content") or ""
        is_text = data["log_encoding"] == "utf-8"
        self._parts[data["part"]] = content.encode() if is_text else base64.b64decode(content)

    def read(self, first_byte: int, last_byte: int) -> bytes:
        """Read bytes of the log, both ends included."""
        if self._location is None:
            log = b"".join(self._parts[number] for number in sorted(self._parts))
            return log[first_byte : last_byte + 1]
        if isinstance(self._location, str):
            return download(self._location, first_byte, last_byte)
        span = f"bytes={first_byte}-{last_byte}"
        content: bytes = self._s3.get_object(**self._location, Range=span)["Body"].read()
        return content


def explain(job: Json, log: Log | None) -> Json:
    """Return what is known of a failure; ``job`` can also be an attempt that failed to start."""
    failing = failing_step(job.get("steps") or [])
    number, line, is_certain = None, None, False
    if log and log.facts.get("log_bytes"):
        place, is_certain = find_place(log.facts, failing)
        number, line = first_error(log, place, None if is_certain else failing)
    return {
        "repo": job["repo"],
        "run_id": job["run_id"],
        "job_id": job.get("job_id"),
        "job_name": job.get("job_name"),
        "step": failing and failing["step_name"],
        "line_number": number,
        "line": line,
        "is_certain": is_certain,
        "annotations": job.get("annotations"),
    }


def failing_step(steps: list[Json]) -> Json | None:
    """Return the first step that failed, else was cancelled or timed out, else has no conclusion.

    A step that began has no conclusion if its runner was lost.
    """
    for conclusions in (("failure",), ("cancelled", "timed_out"), (None,)):
        for step in steps:
            if step["conclusion"] in conclusions and step["started_at"]:
                return step
    return None


def first_error(log: Log, place: Json, timed: Json | None) -> tuple[int | None, str | None]:
    """Return the first error line within a place.

    ``timed``: a step whose place is not certain; only error lines within its times count.
    """
    errors = [n for n in log.facts["error_lines"] if place["first_line"] <= n <= place["last_line"]]
    if not errors:
        return None, None
    lines = log.read(place["first_byte"], place["last_byte"]).split(b"\n")
    texts = {each: lines[each - place["first_line"]].decode(errors="replace") for each in errors}
    if timed:
        begin, end = timed["started_at"], timed["completed_at"] or "~"
        # A line begins with its time in UTC. The step's times are in UTC, too, in whole seconds.
        errors = [n for n in errors if begin[:19] <= texts[n].lstrip("\ufeff")[:19] <= end[:19]]
    return (errors[0], texts[errors[0]].rstrip("\r")) if errors else (None, None)


def find_place(facts: Json, failing: Json | None) -> tuple[Json, bool]:
    """Return the place of a step, and whether it is certain; else it has lines of other steps, too.

    If the message does not name the step, its place is between the steps that are certain.
    """
    place: Json = {"first_line": 1, "first_byte": 0}
    place |= {"last_line": float("inf"), "last_byte": facts["log_bytes"] - 1}
    if failing is None:
        return place, False
    for name in ("steps", "uncertain_steps"):
        for step in facts.get(name) or ():
            if step["number"] == failing["number"]:
                return step, name == "steps"
    for step in facts.get("steps") or ():
        if step["number"] < failing["number"]:
            place |= {f"first_{unit}": step[f"last_{unit}"] + 1 for unit in ("line", "byte")}
        else:
            place |= {f"last_{unit}": step[f"first_{unit}"] - 1 for unit in ("line", "byte")}
            break
    return place, False


def _key(data: Json) -> tuple[int, int, int | None]:
    return data["run_id"], data["run_attempt"], data.get("job_id")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Print where each failed job failed.")
    bus = os.environ.get("EVENT_BUS") or "sqs"
    parser.add_argument("--bus", choices=sorted(BUSES), default=bus, help=f"default: {bus}")
    for name in ("metrics", "logs"):
        default = os.environ.get(f"{name.upper()}_QUEUE") or f"ci_cd_{name}_queue"
        parser.add_argument(f"--{name}-queue", default=default, help=f"default: {default}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
