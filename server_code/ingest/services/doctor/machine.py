"""Checks of the machine: a temporary folder for logs, and enough open files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

from ...ports.inspection import CheckResult
from ..log_ingestion.spool import MAX_BYTES_IN_MEMORY, reserved_bytes

#: A few long logs take this much together; with less free space, logs wait for each other.
_USUAL_LOGS_BYTES = 32 * 1024 * 1024

#: A collector with the default number of threads opens about half as many.
_MIN_OPEN_FILES = 128


def check_machine() -> Iterator[CheckResult]:
    """Check the temporary folder, and the limit of open files."""
    yield _check_temporary_folder()
    limit = _open_files_limit()
    if limit is not None and limit < _MIN_OPEN_FILES:
        yield CheckResult.warning(
            "open files",
            f"This process may open {limit} files; requests and logs wait for each other.",
            f"Raise the limit to {_MIN_OPEN_FILES} or more (ulimit -n, LimitNOFILE).",
        )


def _check_temporary_folder() -> CheckResult:
    subject = "temporary folder"
    larger = f"Logs of more than {MAX_BYTES_IN_MEMORY // 2**20} MiB"
    try:
        with tempfile.TemporaryFile(prefix="runstream-") as file:
            file.write(b"\0")
        folder = tempfile.gettempdir()
        usage = shutil.disk_usage(folder)
    except OSError as error:
        finding = f"No temporary folder is writable ({error}). {larger} wait."
        remedy = "Set TMPDIR to a writable folder, for example a mounted volume."
        return CheckResult.failed(subject, finding, remedy)
    room = max(usage.free - reserved_bytes(usage.total), 0)
    finding = f"{folder} has {room // 2**20:,} MiB free for logs during download."
    if room < _USUAL_LOGS_BYTES:
        remedy = "Free space there, or set TMPDIR to a folder on a larger disk."
        return CheckResult.warning(subject, f"{finding} {larger} may wait.", remedy)
    return CheckResult.ok(subject, finding)


def _open_files_limit() -> int | None:
    """Return how many files this process may open; None if no limit is known."""
    try:
        import resource
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
