"""The certificates that are trusted, read once for all connections."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import OPEN_FILES_REMEDY, GithubUnavailable, has_too_many_open_files

if TYPE_CHECKING:
    from ssl import SSLContext

#: Environment variables with the file of the certificates; the first that is set is used.
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def certificates_variable() -> str:
    """Return the environment variable whose certificates are trusted, or would be if it was set."""
    return next(filter(os.environ.get, _VARIABLES), "SSL_CERT_FILE")


def tls_context() -> SSLContext:
    """Return the TLS context of all connections; a new one after the file has changed.

    Reading the certificates takes 17 ms, longer than all other work for an attempt.
    Raises GithubUnavailable.
    """
    import certifi

    variable = certificates_variable()
    path = os.environ.get(variable) or os.environ.get("SSL_CERT_DIR") or certifi.where()
    try:
        status = Path(path).stat()
        return _read(path, (status.st_ino, status.st_mtime_ns, status.st_size))
    except OSError as error:
        remedy = f"Set {variable} to a PEM file of certificates that exists."
        raise GithubUnavailable(
            f"The certificates of this machine cannot be read: {error}.",
            remedy=OPEN_FILES_REMEDY if has_too_many_open_files(error) else remedy,
        ) from error


@lru_cache(maxsize=2)
def _read(path: str, _version: tuple[int, ...]) -> SSLContext:
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context()
    if Path(path).is_dir():
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(path)
    return context
