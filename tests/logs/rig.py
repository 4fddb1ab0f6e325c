"""A whole installation for one test: sandbox GitHub, queues, bucket, and the real command line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ingest.adapters.aws.provision import dead_letter_name, ensure_queues
from support.aws_server import LocalAws, s3_client, sqs_client
from support.forked_commands import run_forked
from support.world import GENEROUS
from support.world_builder import WorldBuilder

from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import DEFAULT_TOKEN
from standalone.sandbox.times import iso

ROOT = Path(__file__).parents[2]


def a_world() -> WorldBuilder:
    """Begin a world an hour ago: its runs have ended and their logs are there."""
    return WorldBuilder(iso(time.time() - 3600))


class Rig:
    """An installation whose queues, bucket and state nobody else uses."""

    def __init__(self, world: WorldBuilder, aws: LocalAws, folder: Path, **options: Any) -> None:
        self.aws = aws
        self.folder = folder
        self.github = SandboxServer(world.build(), settings=replace(GENEROUS, threads=24))
        name = f"rig-{uuid.uuid4().hex[:12]}"
        self.metrics, self.logs, self.work = f"{name}-m", f"{name}-l", f"{name}-w"
        self.sqs, self.s3 = sqs_client(aws), s3_client(aws)
        ensure_queues(self.sqs, metrics=self.metrics, logs=self.logs, job_events=self.work)
        self.environment = {
            **aws.environment,
            "METRICS_QUEUE": self.metrics,
            "LOGS_QUEUE": self.logs,
            "JOB_EVENTS_QUEUE": self.work,
            "GITHUB_API_URL": self.github.url,
            "GITHUB_TOKEN": DEFAULT_TOKEN,
            "RUNSTREAM_DEBUG": "1",
            "DATABASE_URL": str(folder / "state.db"),
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "server_code", ROOT, ROOT / "tests"))),
        }
        if options.pop("bucket", True):
            self.s3.create_bucket(Bucket=name)
            self.environment["LOG_BUCKET"] = name
        self.environment |= options

    def close(self) -> None:
        self.github.close()
        self.sqs.close()
        self.s3.close()

    def python(self, *arguments: str, **environment: str) -> str:
        """Run Python to its successful end; return what it printed."""
        done = run_forked(
            arguments,
            folder=self.folder,
            environment={**os.environ, **self.environment, **environment},
            seconds=280,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        self.said = done.stderr
        return done.stdout

    @contextmanager
    def start(
        self, *arguments: str, output: int = subprocess.PIPE
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run Python with its output in pipes; it is killed with -9 at the end of the block."""
        with subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=output,
            stderr=output,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def collect(self, **environment: str) -> dict[str, Any]:
        """Collect all that there is, as a user does; return the summary."""
        command = ("-m", "standalone", "collect", "octo/api", "--once", "--json")
        summary: dict[str, Any] = json.loads(self.python(*command, **environment))
        return summary

    def agent(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """Run both agents in a process; it is killed with -9 at the end of the block."""
        command = ("-m", "standalone", "collect", "octo/api")
        return self.start(*command, output=subprocess.DEVNULL)

    def read_by_example(self) -> dict[int, str]:
        """Read both queues with the example; return each log's digest."""
        folder = self.folder / "read"
        self.python(str(ROOT / "examples" / "read_queues.py"), str(folder), "--once")
        return {
            line["data"]["job_id"]: hashlib.sha256(
                (folder / line["data"]["log_file"]).read_bytes()
            ).hexdigest()
            for line in self.read_lines("logs")
            if line["event_type"] == "job_log_fetched"
        }

    def read_lines(self, name: str) -> list[dict[str, Any]]:
        """Read what the example wrote of one queue."""
        text = (self.folder / "read" / f"{name}.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def read_by_extended_client(self) -> dict[int, str]:
        """Read the logs' queue with AWS's client alone, and leave the messages there."""
        script = str(Path(__file__).with_name("extended_reader.py"))
        digests = json.loads(self.python(script, self.logs))
        return {int(job_id): digest for job_id, digest in digests.items()}

    def count(self, queue: str) -> int:
        """Count a queue's messages, hidden and delayed ones too."""
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"].get(name, 0)) for name in names)

    @property
    def dead_letters(self) -> str:
        return dead_letter_name(self.work)

    def truth(self) -> dict[int, str]:
        """Name the digest of every log that GitHub has."""
        return {
            job["job_id"]: job["log_sha256"]
            for attempt in self.github.truth()
            for job in attempt["jobs"]
            if job["log"] == "available"
        }


OpenRig = Callable[..., Rig]


@pytest.fixture
def rig(aws: LocalAws, tmp_path: Path) -> Iterator[OpenRig]:
    """Put an installation on a world."""
    opened: list[Rig] = []

    def open_rig(world: WorldBuilder, **options: Any) -> Rig:
        opened.append(Rig(world, aws, tmp_path, **options))
        return opened[-1]

    yield open_rig
    for each in opened:
        each.close()
