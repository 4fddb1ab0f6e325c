"""Objects in S3: the port BlobStore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from ...errors import QueueUnavailable
from ...ports import BlobReference, BlobStore
from .errors import aws_errors

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        PutObjectOutputTypeDef,
        UploadPartOutputTypeDef,
    )

#: S3 takes 10,000 parts of at least 5 MiB: with these, objects up to 78 GiB.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 8 * 1024 * 1024

_READ_BYTES = 64 * 1024


class S3BlobStore(BlobStore):
    """Keep objects in one bucket; retries of single requests are the client's."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> BlobReference:
        """Store an object: in one request if it is small, else part by part.

        Raises QueueUnavailable, QueueMissing, AccessDenied; then, and when ``chunks`` raises,
        nothing is left behind.
        """
        parts = _parts(chunks)
        first = next(parts, b"")
        if len(first) < PART_BYTES:
            self._put_small(key, first, content_type)
        else:
            self._put_large(key, chain([first], parts), content_type)
        return BlobReference(self._bucket, key)

    @contextmanager
    def open(self, reference: BlobReference) -> Iterator[Iterator[bytes]]:
        """Read an object in chunks.

        Raises NotFound, QueueMissing, AccessDenied, QueueUnavailable, also while it is read.
        """
        with aws_errors(f"Bucket {reference.bucket}"):
            answer = self._client.get_object(Bucket=reference.bucket, Key=reference.key)
        with closing(answer["Body"]) as body:
            yield _chunks(body, reference)

    def _put_small(self, key: str, content: bytes, content_type: str) -> None:
        with aws_errors(f"Bucket {self._bucket}"):
            answer = self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, ContentType=content_type
            )
            _etag(answer, self._bucket)

    def _put_large(self, key: str, parts: Iterable[bytes], content_type: str) -> None:
        with aws_errors(f"Bucket {self._bucket}"):
            upload_id = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=content_type
            )["UploadId"]
            try:
                done = list(self._upload_parts(key, upload_id, parts))
                self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": done},
                )
            except BaseException:
                # Parts without an object are invisible and are paid for until they are aborted.
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload_id
                )
                raise

    def _upload_parts(
        self, key: str, upload_id: str, parts: Iterable[bytes]
    ) -> Iterator[CompletedPartTypeDef]:
        for number, part in enumerate(parts, start=1):
            answer = self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=part
            )
            yield {"PartNumber": number, "ETag": _etag(answer, self._bucket)}


def _etag(answer: PutObjectOutputTypeDef | UploadPartOutputTypeDef, bucket: str) -> str:
    """Distrust a 200 without the tag of what was stored: some proxy or portal gave it, not S3."""
    etag = answer.get("ETag")
    if not etag:
        raise QueueUnavailable(f"Bucket {bucket} gave an answer that is not S3's.")
    return etag


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Regroup chunks of any size into parts of exactly PART_BYTES, but for the last."""
    pending: list[bytes] = []
    size = 0
    for chunk in chunks:
        rest = memoryview(chunk)
        while size + len(rest) >= PART_BYTES:
            missing = PART_BYTES - size
            part = b"".join([*pending, rest[:missing]])
            pending, size, rest = [], 0, rest[missing:]
            yield part
        if rest:
            pending.append(bytes(rest))
            size += len(rest)
    if pending:
        yield b"".join(pending)


def _chunks(body: StreamingBody, reference: BlobReference) -> Iterator[bytes]:
    with aws_errors(f"Bucket {reference.bucket}"):
        yield from body.iter_chunks(_READ_BYTES)
