"""The conversion of unexpected exceptions, which fail one item and not the agent."""

from __future__ import annotations

import errno
import logging

from ..errors import IngestError, OutOfMemory, ResourceExhausted, Unexpected, is_out_of_memory

logger = logging.getLogger(__name__)

#: Faults of the machine: too many open files, full or broken disks, read-only folders.
_MACHINE_FAULTS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
)


def as_ingest_error(error: Exception, what: str) -> IngestError:
    """Return an IngestError as it is, and any other exception as Unexpected, after logging it.

    ``what`` names the work, such as "the poll of octo/api". If the machine lacks disk space or
    memory, the work waits, and does not become a dead letter.
    """
    if isinstance(error, IngestError):
        return error
    if is_out_of_memory(error):
        return OutOfMemory(what, error)
    if isinstance(error, OSError) and error.errno in _MACHINE_FAULTS:
        return ResourceExhausted(f"This machine could not process {what}: {error}. Fix its cause.")
    logger.error("unexpected error", exc_info=error, extra={"what": what})
    kind = type(error).__name__
    return Unexpected(f"A defect of Runstream ended {what} ({kind}); the traceback is in the log.")
