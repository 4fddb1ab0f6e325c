"""S3 that fails: the log arrives all the same, whole and once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from logs.rig import OpenRig, a_world
from support.aws_server import LocalAws
from support.fault_proxy import Cut, Fault, FaultProxy, LetThrough, Reply

from standalone.sandbox.specs import LogSpec

MIB = 1 << 20

#: Work that failed is hidden for half a minute.
ONLY_FULL = pytest.mark.skipif(
    os.environ.get("LOG_PROOF") != "full", reason="takes a minute: LOG_PROOF=full proves it"
)
BUSY = Reply(503, b"<Error><Code>SlowDown</Code></Error>", "application/xml")


class S3Proxy(FaultProxy):
    """Spoil what is written to S3, and let all else through."""

    def next_fault(self) -> Fault:
        return super().next_fault() if self.operations[-1] in {"PUT", "POST"} else LetThrough()


@pytest.fixture
def proxy(aws: LocalAws) -> Iterator[S3Proxy]:
    """Stand between the agent and the local AWS."""
    between = S3Proxy(aws.endpoint_url)
    yield between
    between.close()


@pytest.mark.parametrize(
    ("megabytes", "times", "fault"),
    [
        pytest.param(3, 2, BUSY, id="one request refused twice"),
        pytest.param(20, 2, Reply(500), id="a part fails twice"),
        pytest.param(20, 2, Cut(), id="a part is cut off twice"),
        pytest.param(20, 3, BUSY, id="the work comes back", marks=ONLY_FULL),
    ],
)
def test_a_log_arrives_although_s3_fails(
    rig: OpenRig, proxy: S3Proxy, megabytes: int, times: int, fault: Fault
) -> None:
    """Twice is nothing to the client; three times is repeated by the agent."""
    log = LogSpec(seed="large", giant_bytes=megabytes * MIB)
    here = rig(a_world().run(seconds=60).job(log=log), AWS_ENDPOINT_URL=proxy.endpoint_url)
    url = here.sqs.get_queue_url(QueueName=here.work)["QueueUrl"]
    here.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    # The packed copy comes first, then the beginning of an upload in parts.
    spared = [LetThrough()] * (1 if megabytes < 8 else 2)
    proxy.faults.extend([*spared, *[fault] * times])
    here.collect()
    assert not proxy.faults
    assert here.count(here.logs) == 1
    assert here.count(here.work) == 0
    here.environment["AWS_ENDPOINT_URL"] = here.aws.endpoint_url
    assert here.read_by_example() == here.truth()
