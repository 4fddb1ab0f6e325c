"""What exceptions that nobody foresaw become: the failure of one item, never of the agent."""

from __future__ import annotations

import errno
import logging

from ..errors import IngestError, MemoryRefused, ResourceExhausted, Unexpected, is_out_of_memory

logger = logging.getLogger(__name__)

#: Of the machine, and of no item: open files, disks and quotas, and folders that turned read-only.
_MACHINE_FAULTS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
)


def as_ingest_error(error: Exception, what: str) -> IngestError:
    """Return our own errors as they are, any other as Unexpected, logged with its trace.

    ``what`` was being worked on: "the poll of octo/api". A machine without disk space or memory is
    no fault of the item: its work waits, and does not become a dead letter.
    """
    if isinstance(error, IngestError):
        return error
    if is_out_of_memory(error):
        return MemoryRefused(what)
    if isinstance(error, OSError) and error.errno in _MACHINE_FAULTS:
        return ResourceExhausted(f"This machine could not process {what}: {error}. Fix its cause.")
    logger.error("unexpected error", exc_info=error, extra={"what": what})
    kind = type(error).__name__
    return Unexpected(f"A defect of Runstream ended {what} ({kind}); the traceback is in the log.")
