"""The buffer of a log during its download: memory for a small log, else an unnamed file."""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, BinaryIO

from ...errors import ResourceExhausted

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: A larger log is written to disk.
MAX_BYTES_IN_MEMORY = 1024 * 1024

#: The disk space that is left free: this much, or a tenth of the disk if that is less.
RESERVED_DISK_BYTES = 256 * 1024 * 1024
_RESERVED_DIVISOR = 10
_CHECK_EVERY_BYTES = 4 * 1024 * 1024


class Spool(io.RawIOBase):
    """A log of any size in constant memory; raises ResourceExhausted before the disk is full."""

    def __init__(self) -> None:
        super().__init__()
        self._memory: io.BytesIO | None = io.BytesIO()
        self._file: IO[bytes] = self._memory
        self._unchecked_bytes = _CHECK_EVERY_BYTES

    def open(self) -> BinaryIO:
        """Open what was written for one pass from its start; passes must not overlap."""
        if self._memory is not None:
            return io.BytesIO(self._memory.getvalue())
        with _disk_errors():
            self._file.flush()
            self._file.seek(0)
            return os.fdopen(os.dup(self._file.fileno()), "rb")

    def write(self, chunk: Buffer) -> int:
        """Write bytes; raises ResourceExhausted."""
        size = memoryview(chunk).nbytes
        if self._memory is not None:
            if self._memory.tell() + size <= MAX_BYTES_IN_MEMORY:
                return self._memory.write(chunk)
            self._move_to_disk(self._memory)
        self._unchecked_bytes += size
        if self._unchecked_bytes >= _CHECK_EVERY_BYTES:
            self._check_disk()
        with _disk_errors():
            return self._file.write(chunk)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position; raises ResourceExhausted if buffered bytes do not fit."""
        with _disk_errors():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    @property
    def size(self) -> int:
        """Return how many bytes were written; raises as ``seek`` does."""
        if self._memory is not None:
            return self._memory.getbuffer().nbytes
        with _disk_errors():
            self._file.flush()
            return os.fstat(self._file.fileno()).st_size

    def truncate(self, size: int | None = None) -> int:
        """Cut at the position, or at ``size``; raises as ``seek`` does."""
        with _disk_errors():
            return self._file.truncate(size)

    def close(self) -> None:
        """Free the space; errors are ignored, because nobody reads the bytes any more."""
        with suppress(OSError):
            self._file.close()
        super().close()

    def _move_to_disk(self, memory: io.BytesIO) -> None:
        with _disk_errors():
            file = tempfile.TemporaryFile(prefix="runstream-")  # noqa: SIM115 - closed by close()
        self._memory, self._file = None, file
        with _disk_errors():
            file.write(memory.getvalue())
            file.seek(memory.tell())

    def _check_disk(self) -> None:
        self._unchecked_bytes = 0
        with _disk_errors():
            usage = shutil.disk_usage(tempfile.gettempdir())
        if usage.free < reserved_bytes(usage.total) + _CHECK_EVERY_BYTES:
            raise ResourceExhausted(
                f"The temporary folder {_folder()} has {usage.free // 2**20} MiB left: free space "
                "there, or set TMPDIR to a folder on a larger disk."
            )


def reserved_bytes(disk_bytes: int) -> int:
    """Return how much of a disk is left free for others."""
    return min(RESERVED_DISK_BYTES, disk_bytes // _RESERVED_DIVISOR)


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Raise errors of the file system as ResourceExhausted."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise ResourceExhausted(
                "A log could not be opened, because too many files are open: raise the limit of "
                "open files (ulimit -n)."
            ) from error
        raise ResourceExhausted(
            f"A log could not be written to the temporary folder {_folder()} ({error}): free space "
            "there, make it writable, or set TMPDIR to another folder."
        ) from error


def _folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - named in an error, not used
