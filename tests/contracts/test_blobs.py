"""What every store of large payloads does, in memory and on each cloud."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest
from google.cloud.storage import Client
from ingest.adapters.aws import S3BlobStore
from ingest.adapters.gcp.storage import GcsBlobStore
from ingest.errors import NotFound
from ingest.ports import BlobReference, BlobStore
from support.aws_server import s3_client
from support.gcs_server import running_gcs
from support.memory_blobs import MemoryBlobStore

MIB = 1 << 20


@pytest.fixture(scope="module")
def gcs() -> Iterator[GcsBlobStore]:
    with running_gcs():
        store = GcsBlobStore(Client(project="here"), "logs")
        store.ensure()
        yield store


@pytest.fixture(params=["memory", "s3", "gcs"])
def store(request: pytest.FixtureRequest) -> Iterator[BlobStore]:
    """Run every test on every store."""
    if request.param == "memory":
        yield MemoryBlobStore("logs")
        return
    if request.param == "gcs":
        yield request.getfixturevalue("gcs")
        return
    with closing(s3_client(request.getfixturevalue("aws"))) as client:
        bucket = f"logs-{uuid.uuid4()}"
        client.create_bucket(Bucket=bucket)
        yield S3BlobStore(client, bucket)


def read(store: BlobStore, reference: BlobReference) -> bytes:
    with store.open(reference) as chunks:
        return b"".join(chunks)


def put(store: BlobStore, key: str, *chunks: bytes) -> BlobReference:
    return store.put(key, iter(chunks), content_type="application/json")


@pytest.mark.parametrize(
    "sizes",
    [
        [],
        [0],
        [1],
        [8 * MIB - 1],
        [8 * MIB],
        [8 * MIB, 1],
        [5 * MIB, 5 * MIB, 0, 7 * MIB],
        [17 * MIB],
        [16 * MIB],
    ],
    ids=str,
)
def test_an_object_is_its_chunks_joined(store: BlobStore, sizes: list[int]) -> None:
    """Whatever the chunks' sizes, around and across the limits of parts."""
    chunks = [bytes([65 + i]) * size for i, size in enumerate(sizes)]
    assert read(store, put(store, "logs/a.json", *chunks)) == b"".join(chunks)


def test_the_newest_object_of_a_key_counts(store: BlobStore) -> None:
    """A repeated upload replaces the first."""
    put(store, "logs/a.json", b"old")
    assert read(store, put(store, "logs/a.json", b"new")) == b"new"


def test_an_object_that_is_not_there_is_not_found(store: BlobStore) -> None:
    """A reference may outlive its object."""
    bucket = put(store, "there", b"x").bucket
    with pytest.raises(NotFound, match=bucket), store.open(BlobReference(bucket, "gone")):
        pass


@pytest.mark.parametrize("size", [1, 9 * MIB])
def test_an_object_whose_source_breaks_is_not_there_at_all(store: BlobStore, size: int) -> None:
    """Half a log never looks like a whole one."""

    def broken() -> Iterator[bytes]:
        yield b"x" * size
        raise OSError("The stream broke")

    bucket = put(store, "there", b"x").bucket
    with pytest.raises(OSError, match="The stream broke"):
        store.put("half", broken(), content_type="application/json")
    with pytest.raises(NotFound), store.open(BlobReference(bucket, "half")):
        pass


def test_keys_may_hold_what_names_hold(store: BlobStore) -> None:
    """Repositories, spaces and other alphabets come back as they were."""
    key = "logs/octo/a b/é+%&=?#.json"
    assert read(store, put(store, key, b"x")) == b"x"
