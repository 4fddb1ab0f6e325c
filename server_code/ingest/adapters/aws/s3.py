"""Objects in S3: the port BlobStore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING

from ...errors import AccessDenied, BadSettings, IngestError, QueueUnavailable
from ...messaging.claim_check import LogObjects, pointer_message
from ...messaging.encoding import QueueMessage
from ...messaging.envelope import Envelope
from ...ports import BlobReference, BlobStore
from .errors import translate_aws_errors

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

#: S3 accepts 10,000 parts of at least 5 MiB. With parts of this size an object has up to 78 GiB.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 8 * 1024 * 1024

_READ_BYTES = 64 * 1024

_PROBE_KEY = "logs/runstream-doctor"


def check_upload(client: S3Client, bucket: str) -> None:
    """Begin an upload and abort it, which needs the permission to store and stores nothing.

    Raises QueueMissing, AccessDenied, QueueUnavailable.
    """
    with translate_aws_errors(f"Bucket {bucket}"):
        upload = client.create_multipart_upload(Bucket=bucket, Key=_PROBE_KEY)
        upload_id = _require(upload.get("UploadId"), bucket)
        client.abort_multipart_upload(Bucket=bucket, Key=_PROBE_KEY, UploadId=upload_id)


class S3BlobStore(BlobStore):
    """A store of objects in one bucket; the client retries single requests."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def require_bucket(self) -> None:
        """Check that the bucket exists. Raises QueueMissing or AccessDenied.

        HeadBucket needs a permission (s3:ListBucket) that storing does not need, some stores do not
        support it, and its error has no reason. An upload then shows whether storing works.
        """
        try:
            with translate_aws_errors(f"Bucket {self._bucket}"):
                self._client.head_bucket(Bucket=self._bucket)
        except (AccessDenied, BadSettings):
            check_upload(self._client, self._bucket)

    def put(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> BlobReference:
        """Store an object: in one request if it is small, else part by part.

        Raises QueueUnavailable, QueueMissing, AccessDenied; then, and when ``chunks`` raises,
        nothing is left behind.
        """
        parts = _parts(chunks)
        first = next(parts, bytearray())
        if len(first) < PART_BYTES:
            self._put_small(key, first, content_type)
        else:
            self._put_large(key, chain([first], parts), content_type)
        return BlobReference(self._bucket, key)

    def claim_check(self, envelope: Envelope, log: LogObjects) -> QueueMessage:
        """Encode a pointer as the Amazon SQS Extended Client Library reads it."""
        return pointer_message(envelope, log.payload, payload_bytes=log.payload_bytes)

    @contextmanager
    def open(self, reference: BlobReference) -> Iterator[Iterator[bytes]]:
        """Read an object in chunks.

        Raises NotFound, QueueMissing, AccessDenied, QueueUnavailable, also while it is read.
        """
        with translate_aws_errors(f"Bucket {reference.bucket}"):
            answer = self._client.get_object(Bucket=reference.bucket, Key=reference.key)
        with closing(answer["Body"]) as body:
            yield _chunks(body, reference)

    def _put_small(self, key: str, content: bytearray, content_type: str) -> None:
        with translate_aws_errors(f"Bucket {self._bucket}"):
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,  # type: ignore[arg-type] # the stubs lack bytearray
                ContentType=content_type,
            )
            _require(answer.get("ETag"), self._bucket)

    def _put_large(self, key: str, parts: Iterable[bytearray], content_type: str) -> None:
        with translate_aws_errors(f"Bucket {self._bucket}"):
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=content_type
            )
            upload_id = _require(begun.get("UploadId"), self._bucket)
            try:
                done = list(self._upload_parts(key, upload_id, parts))
                ended = self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": done},
                )
                _require(ended.get("ETag"), self._bucket)
            except BaseException:
                self._abort(key, upload_id)
                raise

    def _abort(self, key: str, upload_id: str) -> None:
        """Remove the parts, which are charged for; if that fails, the bucket's rule does it."""
        with suppress(IngestError), translate_aws_errors(f"Bucket {self._bucket}"):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)

    def _upload_parts(
        self, key: str, upload_id: str, parts: Iterable[bytearray]
    ) -> Iterator[CompletedPartTypeDef]:
        for number, part in enumerate(parts, start=1):
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                Body=part,  # type: ignore[arg-type] # the stubs lack bytearray
            )
            yield {"PartNumber": number, "ETag": _require(answer.get("ETag"), self._bucket)}


def _require(value: str | None, bucket: str) -> str:
    """Return a value that every answer of S3 has; without it, a proxy or portal answered."""
    if not value:
        raise QueueUnavailable(f"Bucket {bucket} gave an answer that is not S3's.")
    return value


def _parts(chunks: Iterable[bytes]) -> Iterator[bytearray]:
    """Regroup chunks of any size into parts of exactly PART_BYTES, except the last one.

    All parts are the same buffer: use a part before taking the next one.
    """
    buffer = bytearray(PART_BYTES)
    filled = 0
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            taken = rest[: PART_BYTES - filled]
            buffer[filled : filled + len(taken)] = taken
            filled, rest = filled + len(taken), rest[len(taken) :]
            if filled == PART_BYTES:
                yield buffer
                filled = 0
    if filled:
        yield buffer[:filled]


def _chunks(body: StreamingBody, reference: BlobReference) -> Iterator[bytes]:
    with translate_aws_errors(f"Bucket {reference.bucket}"):
        yield from body.iter_chunks(_READ_BYTES)
