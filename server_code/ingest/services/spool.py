"""A log on its way: on disk without a name, so that it is gone with the process."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from ..errors import DiskFull

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: What is left free on the disk, for everybody else on it.
SPARE_DISK_BYTES = 256 * 1024 * 1024
_CHECK_EVERY_BYTES = 32 * 1024 * 1024


class Spool(io.RawIOBase):
    """Take a log of any size in constant memory; raises DiskFull before the disk is full."""

    def __init__(self) -> None:
        super().__init__()
        self._file = tempfile.TemporaryFile(prefix="runstream-")  # noqa: SIM115 - closed by close()
        self._unchecked = _CHECK_EVERY_BYTES

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> BinaryIO:
        """Open what was written for one pass from its start; passes must not overlap."""
        with _disk_errors():
            self._file.flush()
        self._file.seek(0)
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def write(self, chunk: Buffer) -> int:
        """Write bytes; raises DiskFull."""
        self._unchecked += memoryview(chunk).nbytes
        if self._unchecked >= _CHECK_EVERY_BYTES:
            self._check_disk()
        with _disk_errors():
            return self._file.write(chunk)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position; raises DiskFull where what was written before does not fit."""
        with _disk_errors():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Tell the position."""
        return self._file.tell()

    @property
    def size(self) -> int:
        """Tell how many bytes were written; raises as ``seek`` does."""
        with _disk_errors():
            self._file.flush()
            return os.fstat(self._file.fileno()).st_size

    def truncate(self, size: int | None = None) -> int:
        """Cut at the position, or at ``size``; raises as ``seek`` does."""
        with _disk_errors():
            return self._file.truncate(size)

    def close(self) -> None:
        """Give the space back; what could not be written any more is not missed."""
        with suppress(OSError):
            self._file.close()
        super().close()

    def _check_disk(self) -> None:
        self._unchecked = 0
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if free < SPARE_DISK_BYTES:
            raise DiskFull(
                f"{tempfile.gettempdir()} has {free // 2**20} MiB left: free space there, or set "
                "TMPDIR to a larger disk; logs wait until then."
            )


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Name what the disk refuses; buffered bytes may be refused long after they were written."""
    try:
        yield
    except OSError as error:
        where = tempfile.gettempdir()
        raise DiskFull(f"A log could not be written to {where}: {error}.") from error
