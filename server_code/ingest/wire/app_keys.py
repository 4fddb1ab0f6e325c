"""Private keys of GitHub Apps, in the forms that fit into a setting of one line."""

from __future__ import annotations

import base64
import binascii
import re
import textwrap

_PEM = re.compile(r"(-----BEGIN [A-Z ]+-----)(.*?)(-----END [A-Z ]+-----)", re.DOTALL)
_PEM_LINE = 64

#: A line break as it is written in one line, even if a shell or YAML has escaped it again.
_ESCAPED_BREAK = re.compile(r"(\\+r)?\\+n")


def has_encrypted_key(value: str) -> bool:
    """Return whether one of the keys, which commas separate, is encrypted with a password."""
    return any("ENCRYPTED" in key for key in parse_private_keys(value))


def parse_private_keys(value: str) -> list[str]:
    """Return the PEM texts of keys that are separated by commas."""
    return [_parse_private_key(key) for key in value.split(",") if key.strip()]


def _parse_private_key(value: str) -> str:
    """Return the PEM text of a key given as it is, quoted, in one line or encoded in base64.

    A value that is no PEM text is returned as it is; using it will report the error.
    """
    key = value.strip().strip("\"'")
    if "-----BEGIN" not in key:
        key = _decode(key) or key
    key = _ESCAPED_BREAK.sub("\n", key)
    match = _PEM.search(key)
    if match is None:
        return value
    begin, content, end = match.groups()
    lines = textwrap.wrap("".join(content.split()), _PEM_LINE)
    return "\n".join([begin, *lines, end, ""])


def _decode(value: str) -> str | None:
    """Decode base64 of either alphabet, padded or not; None for anything else."""
    text = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
