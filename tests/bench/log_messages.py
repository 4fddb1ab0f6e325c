"""How fast a log becomes messages: read, digested, searched for marks, escaped and split.

CPU seconds of one thread, without the requests before and after.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone

from ingest.domain.log_outline import LogOutlineReader
from ingest.domain.runs import AttemptKey
from ingest.messaging.log_content import inspect_log
from ingest.messaging.log_events import LogMetadata, log_parts, log_payload

from tests.bench.report import Row

ROUNDS = 3
MAX_MESSAGE_BYTES = 1 << 20
_TIME = "2026-11-30T10:00:00.1234567Z"
_LINES = {
    "ASCII": f"{_TIME} compiling module number %d of the project with flags -O2\n",
    "colors and quotes": f'{_TIME} \x1b[36;1m%d\x1b[0m compiling "C:\\src\\main.c"\n',
    "little ASCII": f"{_TIME} モジュール %d を構築しています ✓ 警告: 型が一致しません\n",
}
_TIMESTAMP = datetime(2026, 11, 30, tzinfo=timezone.utc)


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure each kind of text, split into messages and written for a bucket."""
    size = (32 if quick else 256) << 20
    for kind, line in _LINES.items():
        block = "".join(line % number for number in range(10_000)).encode()
        log = block * (size // len(block))
        for way, encode in (("parts", _split), ("an object", _write)):
            rates = sorted(_megabytes_per_second(log, encode) for _ in range(ROUNDS))
            yield Row(
                "logs",
                f"{len(log) >> 20} MiB of text with {kind}, as {way}",
                f"{rates[ROUNDS // 2]:.0f} MB per CPU second",
                "100",
                f"best of {ROUNDS} {rates[-1]:.0f}, worst {rates[0]:.0f}",
            )


def _megabytes_per_second(log: bytes, encode: Callable[[LogMetadata, bytes], int]) -> float:
    started = time.thread_time()
    digest = inspect_log(io.BytesIO(log), [LogOutlineReader().feed])
    metadata = LogMetadata(
        key=AttemptKey("octo/api", 1, 1),
        job_id=1,
        job_name="build",
        log_bytes=digest.log_bytes,
        log_sha256=digest.log_sha256,
        fetched_at=_TIMESTAMP,
        is_text=digest.is_text,
    )
    assert encode(metadata, log) > len(log)
    return len(log) / 1e6 / (time.thread_time() - started)


def _split(metadata: LogMetadata, log: bytes) -> int:
    parts = log_parts(metadata, lambda: io.BytesIO(log), MAX_MESSAGE_BYTES)
    return sum(part.size_bytes for part in parts)


def _write(metadata: LogMetadata, log: bytes) -> int:
    return sum(map(len, log_payload(metadata, lambda: io.BytesIO(log))))
