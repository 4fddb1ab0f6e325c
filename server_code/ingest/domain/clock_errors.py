"""The phrases by which services report that the clock of this machine is wrong."""

from __future__ import annotations

CLOCK_REMEDY = "The clock of this machine is wrong: set it."

_PHRASES = (
    # AWS: SQS, S3 and STS
    "signature expired",
    "signature not yet current",
    "difference between the request",
    "date in credential scope does not match",
    "request has expired",
    "requestexpired",
    "requesttimetooskewed",
    "requestinthefuture",
    # Azure: storage and Entra ID
    "request date header too old",
    "not within its valid time range",
    # Google
    "iat and exp values",
    "token used too early",
    # GitHub, about the signature of an App
    "claim ('iat')",
    "claim ('exp')",
    # OpenSSL, about any server
    "certificate is not yet valid",
    # OpenID Connect, about the token of a role
    "token is not yet valid",
)


def is_clock_error(text: str) -> bool:
    """Return whether a service reports that it and this machine disagree on the time."""
    lowered = text.lower()
    return any(phrase in lowered for phrase in _PHRASES)
