"""What a person reads when a command fails: what happened, to what, and what to do."""

from __future__ import annotations

from ingest.errors import (
    AccessDenied,
    BadCredentials,
    BadSettings,
    Fatal,
    IngestError,
    RateLimited,
    Rejected,
    RequestPaused,
    Retriable,
    is_out_of_memory,
    memory_fault,
)

#: Exit codes of sysexits.h. A supervisor may restart after 69 and 75; 78 needs a person first.
UNAVAILABLE = 69
INCOMPLETE = 75
MISCONFIGURED = 78

_DOCTOR = "`runstream doctor` checks the configuration and every connection."


def sentence_for(error: Exception) -> str:
    """Explain an error in a sentence or two; if it is unexpected, name only its type.

    The text of an unexpected error may contain anything, so only the traceback shows it.
    """
    if isinstance(error, BadSettings):
        return _settings_sentence(error.faults)
    if isinstance(error, RateLimited | RequestPaused):
        until = f"{error.retry_at:%Y-%m-%d %H:%M:%S}"
        return f"{error} The limit ends at {until} UTC; start it again then."
    if is_out_of_memory(error):
        lack, remedy = memory_fault(error)
        return f"{lack.rstrip(',')} ({type(error).__name__}). {remedy}"
    if isinstance(error, IngestError):
        remedy = _DOCTOR if isinstance(error, AccessDenied | BadCredentials | Retriable) else ""
        return f"{error} {error.remedy or remedy}".rstrip()
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"This machine refused: {error.strerror}{where}. Fix that, then start again."
    return (
        f"An unexpected error occurred ({type(error).__name__}). Repeat the command with "
        "--debug or RUNSTREAM_DEBUG=1, and report the traceback."
    )


def exit_code_for(error: Exception) -> int:
    """Return the exit code by which a supervisor decides whether to restart; 1 if unknown."""
    if isinstance(error, Retriable) or is_out_of_memory(error):
        return UNAVAILABLE
    if isinstance(error, Fatal | Rejected):
        return MISCONFIGURED
    return 1


def _settings_sentence(faults: list[str]) -> str:
    if len(faults) == 1:
        return f"A setting is wrong: {faults[0].rstrip('.')}."
    return "\n".join(["Some settings are wrong:", *(f"- {fault}" for fault in faults)])
