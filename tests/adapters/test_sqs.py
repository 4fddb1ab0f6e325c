"""What the SQS adapter makes of answers that only a failing SQS gives."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from ingest.adapters.aws import clients as product
from ingest.adapters.aws.queues import queue_depth
from ingest.adapters.aws.sqs import SqsWorkQueue
from ingest.domain.counters import Counters
from ingest.errors import AccessDenied, QueueMissing, QueueUnavailable
from ingest.ports import QueueDepth, ReceivedMessage
from ingest.settings import AwsSettings, Secret
from support.aws_server import LocalAws, sqs_client
from support.fault_proxy import Alter, Cut, FaultProxy, LetThrough, Reply
from support.work_messages import a_message


@pytest.fixture
def proxy(aws: LocalAws) -> Iterator[FaultProxy]:
    """Stand between the adapter and the local AWS."""
    proxy = FaultProxy(aws.endpoint_url)
    yield proxy
    proxy.close()


@pytest.fixture
def client(proxy: FaultProxy):
    """Talk to AWS through the proxy, each request once."""
    with closing(sqs_client(proxy)) as client:
        yield client


@pytest.fixture
def queue_name(client) -> str:
    """Make a queue of the test's own."""
    name = f"work-{uuid.uuid4()}"
    client.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
    return name


@pytest.fixture
def counters() -> Counters:
    """Count from zero."""
    return Counters()


@pytest.fixture
def queue(client, queue_name: str, counters: Counters, proxy: FaultProxy) -> SqsWorkQueue:
    """Open the queue; what was asked for that is forgotten."""
    queue = SqsWorkQueue.open(client, queue_name, counters)
    proxy.operations.clear()
    return queue


def aws_error(code: str, status: int = 400) -> Reply:
    body = {"__type": f"com.amazonaws.sqs#{code}", "message": "So it is."}
    return Reply(status, json.dumps(body).encode())


def failing(*failures: tuple[int, str, bool]) -> Alter:
    """Move entries of a batch's answer from Successful to Failed."""

    def change(said: bytes) -> bytes:
        answer = json.loads(said)
        ids = {str(number) for number, _, _ in failures}
        answer["Successful"] = [one for one in answer["Successful"] if one["Id"] not in ids]
        answer["Failed"] = [
            {"Id": str(number), "Code": code, "SenderFault": fault, "Message": "So it is."}
            for number, code, fault in failures
        ]
        return json.dumps(answer).encode()

    return Alter(change)


def test_only_rejected_messages_are_returned(
    queue: SqsWorkQueue, proxy: FaultProxy, counters: Counters, queue_name: str
) -> None:
    """A partial failure names its messages, and says which are worth another try."""
    proxy.faults.append(failing((0, "InternalError", False), (2, "InvalidMessageContents", True)))
    failures = queue.send([a_message(n) for n in range(4)])
    assert [(r.event_id, r.reason, r.is_final) for r in failures] == [
        ("e0", "So it is.", False),
        ("e2", "So it is.", True),
    ]
    assert counters.read(f"queue_messages.{queue_name}") == 2


def test_a_withheld_key_is_not_the_message_s_fault(queue: SqsWorkQueue, proxy: FaultProxy) -> None:
    """SQS blames the sender for what KMS refuses; the message is kept all the same."""
    proxy.faults.append(failing((0, "KMS.AccessDeniedException", True)))
    (failure,) = queue.send([a_message()])
    assert not failure.is_final


def test_a_batch_refused_whole_is_sent_message_by_message(
    queue: SqsWorkQueue, proxy: FaultProxy, counters: Counters, queue_name: str
) -> None:
    """One bad message is rejected for good, and the others arrive."""
    proxy.faults.extend(
        [aws_error("BatchRequestTooLong"), LetThrough(), aws_error("InvalidMessageContents")]
    )
    (failure,) = queue.send([a_message(n) for n in range(3)])
    assert (failure.event_id, failure.is_final) == ("e1", True)
    assert counters.read(f"queue_messages.{queue_name}") == 2
    sends = [name for name in proxy.operations if name == "SendMessageBatch"]
    assert len(sends) == 4


def test_an_outage_amid_single_sends_forgets_nothing(
    queue: SqsWorkQueue, proxy: FaultProxy
) -> None:
    """What could not be sent is returned for another try; what was sent is not sent again."""
    proxy.faults.extend([aws_error("BatchRequestTooLong"), LetThrough(), Cut()])
    (failure,) = queue.send([a_message(n) for n in range(3)])
    assert (failure.event_id, failure.is_final) == ("e1", False)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (aws_error("RequestThrottled", 403), QueueUnavailable),
        (aws_error("ThrottlingException"), QueueUnavailable),
        (aws_error("InternalError", 500), QueueUnavailable),
        (Reply(503, b"<html>Service Unavailable</html>", "text/html"), QueueUnavailable),
        (Cut(), QueueUnavailable),
        (aws_error("QueueDoesNotExist"), QueueMissing),
        (aws_error("AccessDeniedException"), AccessDenied),
        (aws_error("InvalidClientTokenId", 403), AccessDenied),
    ],
    ids=["throttled", "throttling", "500", "html", "cut", "missing", "denied", "unknown key"],
)
def test_what_takes_nothing_is_reported_as_what_it_is(
    queue: SqsWorkQueue, proxy: FaultProxy, fault: Reply | Cut, kind: type[Exception]
) -> None:
    """An outage is worth another try; no message is blamed for a queue or a permission."""
    proxy.faults.append(fault)
    with pytest.raises(kind):
        queue.send([a_message(1), a_message(2)])


def test_nobody_listening_is_an_outage(
    proxy: FaultProxy, aws: LocalAws, counters: Counters
) -> None:
    """A refused connection is retriable."""
    dead = FaultProxy(aws.endpoint_url)
    dead.close()
    with closing(sqs_client(dead)) as client, pytest.raises(QueueUnavailable, match="any"):
        SqsWorkQueue.open(client, "any", counters)


def test_what_was_not_deleted_is_deleted_again_once(
    queue: SqsWorkQueue, proxy: FaultProxy, client, queue_name: str
) -> None:
    """A partial failure to delete is repeated with one more request for what is left."""
    queue.send([a_message(n) for n in range(3)])
    received = queue.receive(max_messages=10, wait_seconds=1)
    proxy.operations.clear()
    proxy.faults.append(failing((1, "InternalError", False)))
    queue.delete(received)
    assert proxy.operations == ["DeleteMessageBatch"] * 2
    assert queue_depth(client, queue_name) == QueueDepth(visible=0, in_flight=0, delayed=0)


def test_what_cannot_be_deleted_twice_is_an_outage(queue: SqsWorkQueue, proxy: FaultProxy) -> None:
    """Nothing is retried for ever."""
    queue.send([a_message()])
    received = queue.receive(max_messages=10, wait_seconds=1)
    proxy.faults.extend([failing((0, "InternalError", False))] * 2)
    with pytest.raises(QueueUnavailable, match="did not delete 1 messages"):
        queue.delete(received)


def test_a_receipt_that_ran_out_is_no_error(queue: SqsWorkQueue, proxy: FaultProxy) -> None:
    """The message is another's by then, or gone; both end well without us."""
    stale = ReceivedMessage(body="", receipt_handle="stale", receive_count=1)
    proxy.faults.append(aws_error("ReceiptHandleIsInvalid", 404))
    queue.extend_visibility(stale, seconds=60)
    proxy.faults.append(aws_error("MessageNotInflight"))
    queue.extend_visibility(stale, seconds=60)
    queue.delete([stale])


def test_an_empty_answer_is_not_asked_for_again_at_once(
    queue: SqsWorkQueue, proxy: FaultProxy
) -> None:
    """What answers in the place of SQS does not wait; the agent would send requests in a loop."""
    proxy.faults.append(Reply(200, b'{"Mess'))
    began = time.monotonic()
    assert queue.receive(max_messages=10, wait_seconds=1) == []
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("arn", [None, "", "a name", 7])
def test_a_redrive_policy_without_an_arn_names_no_dead_letter_queue(
    queue: SqsWorkQueue, proxy: FaultProxy, arn: object
) -> None:
    """A server other than SQS may say so; the message stays on the queue."""
    received = ReceivedMessage(body="", receipt_handle="r", receive_count=1)
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    attributes = {"Attributes": {"RedrivePolicy": policy}}
    proxy.faults.append(Reply(200, json.dumps(attributes).encode()))
    with pytest.raises(QueueMissing, match="has no dead-letter queue"):
        queue.reject(received, reason="no work item")


def test_an_answer_without_the_dead_letter_queues_address_is_an_outage(
    queue: SqsWorkQueue, proxy: FaultProxy
) -> None:
    """It is no error of the work item, which stays on the queue."""
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:1:dead"})
    attributes = {"Attributes": {"RedrivePolicy": policy}}
    proxy.faults += [Reply(200, json.dumps(attributes).encode()), Reply(200, b"{}")]
    with pytest.raises(QueueUnavailable, match="Queue dead: the answer"):
        queue.reject(
            ReceivedMessage(body="", receipt_handle="r", receive_count=1), reason="no work item"
        )


def test_extending_during_an_outage_reports_it(queue: SqsWorkQueue, proxy: FaultProxy) -> None:
    """The worker must know that its message may soon be another's."""
    for fault in (Cut(), aws_error("RequestThrottled", 403)):
        proxy.faults.append(fault)
        with pytest.raises(QueueUnavailable):
            queue.extend_visibility(
                ReceivedMessage(body="", receipt_handle="r", receive_count=1), seconds=60
            )


def test_every_request_is_counted_once_whoever_shares_the_client(
    client, queue: SqsWorkQueue, queue_name: str, counters: Counters
) -> None:
    """Two requests open a queue, and each batch is one more."""
    SqsWorkQueue.open(client, queue_name, counters)
    before = counters.read("queue_requests")
    queue.send([a_message(n) for n in range(10)])
    assert (before, counters.read("queue_requests")) == (4, 5)


def test_the_product_s_client_tries_again_by_itself_and_counts_it(
    proxy: FaultProxy, queue_name: str, counters: Counters
) -> None:
    """One throttled request is never seen by the caller, but is paid for."""
    access = AwsSettings(
        endpoint_url=proxy.endpoint_url,
        access_key_id=Secret("local"),
        secret_access_key=Secret("local"),
    )
    with closing(product.sqs_client(access)) as client:
        queue = SqsWorkQueue.open(client, queue_name, counters)
        proxy.faults.append(aws_error("RequestThrottled", 403))
        assert queue.send([a_message()]) == ()
    assert counters.read("queue_requests") == 4


def test_a_queue_is_found_by_its_url(client, queue_name: str, counters: Counters) -> None:
    """A URL serves where a name would, and is what the queue is called."""
    url = client.get_queue_url(QueueName=queue_name)["QueueUrl"]
    queue = SqsWorkQueue.open(client, url, counters)
    assert queue.send([a_message()]) == ()
    assert queue.queue_name == url


def test_a_missing_queue_reports_how_to_make_it(client, counters: Counters) -> None:
    """The first thing that a newcomer forgets has a remedy."""
    with pytest.raises(QueueMissing, match=r"no-such-queue in us-east-1.*runstream setup"):
        SqsWorkQueue.open(client, "no-such-queue", counters)


def test_the_queue_s_own_limits_are_read(queue: SqsWorkQueue) -> None:
    """What was configured in AWS holds, not what we would choose."""
    assert (queue.visibility_seconds, queue.max_message_bytes) == (60, 1 << 20)


def test_depth_counts_what_is_visible_in_flight_and_delayed(
    client, queue: SqsWorkQueue, queue_name: str
) -> None:
    """The three states of a message are distinguished."""
    queue.send([a_message(n) for n in range(3)])
    queue.receive(max_messages=1, wait_seconds=1)
    queue.send([replace(a_message(9), delay_seconds=900)])
    depth = queue_depth(client, queue_name)
    assert depth == QueueDepth(visible=2, in_flight=1, delayed=1)


def test_a_message_that_the_answer_forgot_is_sent_again(
    queue: SqsWorkQueue, proxy: FaultProxy
) -> None:
    """Only what SQS says it took counts as taken."""

    def forget_the_first(said: bytes) -> bytes:
        answer = json.loads(said)
        answer["Successful"] = [one for one in answer["Successful"] if one["Id"] != "0"]
        return json.dumps(answer).encode()

    proxy.faults.append(Alter(forget_the_first))
    (failure,) = queue.send([a_message(1), a_message(2)])
    assert (failure.event_id, failure.is_final) == ("e1", False)
    assert "does not mention" in failure.reason


def test_a_portal_s_page_is_never_taken_for_a_yes(
    client, queue: SqsWorkQueue, proxy: FaultProxy, counters: Counters
) -> None:
    """A 200 from something other than SQS opens, sends and deletes nothing."""
    received = ReceivedMessage(body="", receipt_handle="r", receive_count=1)
    for call in (
        lambda: SqsWorkQueue.open(client, "any", counters),
        lambda: queue.send([a_message()]),
        lambda: queue.delete([received]),
    ):
        proxy.faults.append(Reply(200, b"<html>Please log in</html>", "text/html"))
        with pytest.raises(QueueUnavailable):
            call()


def test_a_limit_that_was_lowered_meanwhile_is_read_again(
    queue: SqsWorkQueue, proxy: FaultProxy
) -> None:
    """What only the new limit refuses can be cut to fit: it is not final."""
    queue._client.set_queue_attributes(
        QueueUrl=queue._queue.url, Attributes={"MaximumMessageSize": "4096"}
    )
    proxy.faults.append(aws_error("InvalidParameterValue"))
    (failure,) = queue.send([a_message(1, body='"' + "x" * 9_000 + '"')])
    assert not failure.is_final
    assert queue.max_message_bytes == 4096
    proxy.faults.append(aws_error("InvalidParameterValue"))
    (failure,) = queue.send([a_message(2, body='"' + "x" * 2_000 + '"')])
    assert failure.is_final


def test_limits_that_cannot_be_read_again_hide_nothing_that_was_accepted(
    queue: SqsWorkQueue, proxy: FaultProxy
) -> None:
    """What may only be too large now is tried again."""
    proxy.faults.extend([failing((1, "InvalidParameterValue", True)), Reply(503, b"", "text/xml")])
    proxy.faults.extend([Reply(503, b"", "text/xml")] * 3)
    (failure,) = queue.send([a_message(0), a_message(1, body='"' + "x" * 2_000 + '"')])
    assert (failure.event_id, failure.is_final) == ("e1", False)
