"""What every store of large payloads does, in memory and on each cloud."""

from __future__ import annotations

import json
import os
import runpy
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timezone
from pathlib import Path

import pytest
from google.api_core.exceptions import Forbidden
from ingest.adapters.aws.s3 import S3BlobStore
from ingest.adapters.azure.blobs import AzureBlobStore
from ingest.adapters.azure.clients import AzureClients
from ingest.adapters.gcp.storage import GcsBlobStore, open_storage
from ingest.errors import AccessDenied, NotFound, QueueMissing
from ingest.messaging.claim_check import LogObjects
from ingest.messaging.envelope import Envelope
from ingest.ports import BlobReference, BlobStore
from ingest.settings import AzureSettings, Secret
from support.aws_server import s3_client
from support.blob_server import ACCOUNT, connection_string, running_blobs
from support.gcs_server import running_gcs
from support.memory_blobs import MemoryBlobStore

MIB = 1 << 20

EXAMPLES = Path(__file__).parents[2] / "examples"

AN_ENVELOPE = Envelope(
    event_type="job_log_fetched",
    event_id="00000000-0000-5000-8000-000000000000",
    repo="octo/api",
    group="octo/api/1",
    timestamp=datetime(2026, 11, 24, tzinfo=timezone.utc),
    data={"log_content": ""},
)

#: The address of Microsoft's emulator, which `make test-azurite` starts.
_AZURITE = os.environ.get("RUNSTREAM_TEST_AZURITE")


@pytest.fixture(scope="module")
def gcs() -> Iterator[GcsBlobStore]:
    with running_gcs():
        store = GcsBlobStore(open_storage("here"), "logs")
        store.create_if_missing()
        yield store


@pytest.fixture(scope="module")
def azure() -> Iterator[AzureBlobStore]:
    with ExitStack() as opened:
        address = _AZURITE or opened.enter_context(running_blobs())
        secret = Secret(connection_string(address))
        clients = AzureClients(AzureSettings(storage_connection=secret))
        opened.enter_context(closing(clients))
        store = AzureBlobStore(clients, f"{address}/{ACCOUNT}/logs-{uuid.uuid4()}")
        store.create_if_missing()
        yield store


@pytest.fixture(params=["memory", "s3", "azure", "gcs"])
def store(request: pytest.FixtureRequest) -> Iterator[BlobStore]:
    """Run every test on every store."""
    if request.param == "memory":
        yield MemoryBlobStore("logs")
        return
    if request.param in {"azure", "gcs"}:
        yield request.getfixturevalue(request.param)
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


@pytest.mark.parametrize("span", [(0, 0), (3, 9), (MIB, 5 * MIB), (9 * MIB, 9 * MIB + 2)], ids=str)
@pytest.mark.parametrize("store", ["azure", "gcs"], indirect=True)
def test_a_consumer_reads_a_range_of_a_log_by_its_address(
    store: BlobStore, span: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the vendor's package alone; both ends belong to the range, as those of a step."""
    content = bytes(range(256)) * (9 * MIB // 256) + b"end"
    stored = put(store, "logs/octo/a b/1.txt", content)
    message = store.claim_check(AN_ENVELOPE, LogObjects(stored, 1, stored))
    url = json.loads(message.body)["data"]["content_url"]
    address = url.partition(f"/{ACCOUNT}/")[0]
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(address))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "here")
    download = runpy.run_path(str(EXAMPLES / "buses.py"))["download"]
    first, last = span
    assert download(url, first, last) == content[first : last + 1]


def test_a_container_of_azure_is_checked_and_created_once(azure: AzureBlobStore) -> None:
    """The doctor leaves nothing; a container that is missing is named with the remedy."""
    azure.require_bucket()
    azure.check_can_store()
    assert azure.create_if_missing().endswith("exists.")
    missing = AzureBlobStore(azure._clients, f"{azure._url}x")
    for check in (missing.require_bucket, missing.check_can_store):
        with pytest.raises(QueueMissing, match="runstream setup"):
            check()


def test_two_checks_of_a_container_do_not_disturb_each_other(
    azure: AzureBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One may have deleted the empty object before the other does."""
    upload = azure._container.upload_blob

    def upload_and_delete(*arguments: object, **options: object) -> object:
        blob = upload(*arguments, **options)
        blob.delete_blob()
        return blob

    monkeypatch.setattr(azure._container, "upload_blob", upload_and_delete)
    azure.check_can_store()


def test_a_container_is_opened_once(azure: AzureBlobStore) -> None:
    """Former logs may be in another one, from which each is read."""
    former = f"{azure._url}x"
    assert azure._clients.container(former) is azure._clients.container(former)


def test_a_bucket_of_google_is_checked_and_created_once(gcs: GcsBlobStore) -> None:
    """The doctor asks for the permission; a bucket that is missing is named with the remedy."""
    gcs.require_bucket()
    gcs.check_can_store()
    assert gcs.create_if_missing().endswith("exists.")
    with pytest.raises(QueueMissing, match="runstream setup"):
        GcsBlobStore(open_storage("here"), "missing").require_bucket()


def test_a_bucket_of_someone_else_does_not_pass_for_the_own_one(
    gcs: GcsBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of Google shares one space of names; who may not read a bucket may not use it."""

    def refuse(**_options: object) -> None:
        raise Forbidden("storage.buckets.get denied")

    monkeypatch.setattr(gcs._bucket, "reload", refuse)
    with pytest.raises(AccessDenied, match="logs, which may be someone else's"):
        gcs.create_if_missing()
