"""What the S3 adapter makes of answers that only a failing S3 gives."""

from __future__ import annotations

import tracemalloc
import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest
from ingest.adapters.aws import clients as product
from ingest.adapters.aws.s3 import S3BlobStore
from ingest.errors import AccessDenied, BadSettings, NotFound, QueueMissing, QueueUnavailable
from ingest.ports import BlobReference
from ingest.settings import AwsSettings, Secret
from support.aws_server import LocalAws, s3_client
from support.fault_proxy import Cut, FaultProxy, LetThrough, Reply

MIB = 1 << 20
LARGE = [b"x" * (9 * MIB)] * 2  # three parts


@pytest.fixture
def proxy(aws: LocalAws) -> Iterator[FaultProxy]:
    """Stand between the adapter and the local AWS."""
    proxy = FaultProxy(aws.endpoint_url)
    yield proxy
    proxy.close()


@pytest.fixture
def client(proxy: FaultProxy):
    """Talk to S3 through the proxy, each request once."""
    with closing(s3_client(proxy)) as client:
        yield client


@pytest.fixture
def bucket(client, proxy: FaultProxy) -> str:
    """Make a bucket of the test's own."""
    name = f"logs-{uuid.uuid4()}"
    client.create_bucket(Bucket=name)
    proxy.operations.clear()
    return name


@pytest.fixture
def store(client, bucket: str) -> S3BlobStore:
    """Keep objects in it."""
    return S3BlobStore(client, bucket)


def s3_error(code: str, status: int) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>So it is.</Message></Error>"
    return Reply(status, body.encode(), "application/xml")


def put(store: S3BlobStore, chunks: list[bytes]) -> BlobReference:
    return store.put("logs/a.json", chunks, content_type="application/json")


@pytest.mark.parametrize("status", [400, 403, 405, 501])
def test_a_store_that_refuses_to_describe_its_bucket_is_asked_to_store(
    store: S3BlobStore, proxy: FaultProxy, status: int
) -> None:
    """Some stores do not know the request; with others it needs a right of its own."""
    proxy.faults.append(Reply(status, b""))
    store.require_bucket()
    assert proxy.operations == ["HEAD", "POST", "DELETE"]


def test_an_answer_that_is_not_of_a_store_is_named(store: S3BlobStore, proxy: FaultProxy) -> None:
    """A portal answers 200 with a page of its own."""
    proxy.faults.extend([Reply(403, b""), Reply(200, b"")])
    with pytest.raises(QueueUnavailable, match="not S3's"):
        store.require_bucket()


def test_the_reason_why_a_bucket_cannot_be_used_is_that_of_storing(
    store: S3BlobStore, proxy: FaultProxy
) -> None:
    """The answer to a HEAD has no body, so it names a status alone."""
    proxy.faults.extend([Reply(400, b""), s3_error("InvalidBucketName", 400)])
    with pytest.raises(BadSettings, match="So it is"):
        store.require_bucket()


@pytest.mark.parametrize(
    ("before", "fault"),
    [
        *((before, s3_error("SlowDown", 503)) for before in range(5)),
        (2, s3_error("InternalError", 500)),
        (3, Cut()),
    ],
    ids=["begin", "part 1", "part 2", "part 3", "end", "part 2: 500", "part 3: cut"],
)
def test_an_upload_that_fails_anywhere_leaves_nothing(
    client, bucket: str, proxy: FaultProxy, before: int, fault: Reply
) -> None:
    """Begun, at any of its parts, or at its end: neither object nor parts remain."""
    proxy.faults.extend([*[LetThrough()] * before, fault])
    with pytest.raises(QueueUnavailable):
        put(S3BlobStore(client, bucket), LARGE)
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert not client.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_the_first_failure_is_reported_when_cleaning_up_fails_too(
    store: S3BlobStore, proxy: FaultProxy
) -> None:
    """An abort that fails does not hide why it was needed; the bucket's rule cleans up."""
    proxy.faults.extend([LetThrough(), s3_error("AccessDenied", 403), s3_error("SlowDown", 503)])
    with pytest.raises(AccessDenied):
        put(store, LARGE)


def test_the_product_s_client_tries_a_part_again(proxy: FaultProxy, bucket: str, client) -> None:
    """Two failures of one part are not seen by the caller."""
    access = AwsSettings(
        endpoint_url=proxy.endpoint_url,
        access_key_id=Secret("local"),
        secret_access_key=Secret("local"),
    )
    with closing(product.s3_client(access)) as own:
        proxy.faults.extend([LetThrough(), s3_error("SlowDown", 503), Cut()])
        put(S3BlobStore(own, bucket), LARGE)
    assert client.head_object(Bucket=bucket, Key="logs/a.json")["ContentLength"] == 18 * MIB


@pytest.mark.parametrize("chunks", [[b"small"], LARGE], ids=["small", "large"])
def test_a_portal_s_page_is_never_taken_for_a_yes(
    store: S3BlobStore, proxy: FaultProxy, chunks: list[bytes]
) -> None:
    """A 200 from something other than S3 stores nothing."""
    proxy.faults.extend([Reply(200, b"<html>Please log in</html>", "text/html")] * 3)
    with pytest.raises(QueueUnavailable):
        put(store, chunks)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (s3_error("AccessDenied", 403), AccessDenied),
        (s3_error("NoSuchBucket", 404), QueueMissing),
        (s3_error("NoSuchKey", 404), NotFound),
        (s3_error("SlowDown", 503), QueueUnavailable),
        (Cut(), QueueUnavailable),
    ],
    ids=["denied", "no bucket", "no object", "slow down", "cut"],
)
def test_an_object_that_cannot_be_read_reports_why(
    store: S3BlobStore, bucket: str, proxy: FaultProxy, fault: Reply, kind: type[Exception]
) -> None:
    """Missing, forbidden and unreachable are different things."""
    proxy.faults.append(fault)
    with pytest.raises(kind, match=bucket), store.open(BlobReference(bucket, "logs/a.json")):
        pass


def test_an_object_keeps_its_type(store: S3BlobStore, client, bucket: str) -> None:
    """Whoever opens it in a browser sees JSON."""
    for chunks in ([b"{}"], LARGE):
        put(store, chunks)
        head = client.head_object(Bucket=bucket, Key="logs/a.json")
        assert head["ContentType"] == "application/json"


def test_a_large_object_takes_little_memory(aws: LocalAws, bucket: str) -> None:
    """An upload of 64 MiB holds a few parts at a time."""
    with closing(s3_client(aws)) as direct:
        store = S3BlobStore(direct, bucket)
        chunk = b"x" * (64 * 1024)
        tracemalloc.start()
        try:
            reference = store.put("big", (chunk for _ in range(1024)), content_type="text/plain")
            with store.open(reference) as chunks:
                size = sum(map(len, chunks))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert size == 64 * MIB
    assert peak < 18 * MIB
