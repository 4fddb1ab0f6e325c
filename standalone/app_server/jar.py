"""The JAR of the app server. pip installs only a Python package that downloads the JAR.

The package's download has no time limit, and leaves a broken file if it is cut short. This one has
a limit, and moves only a complete file to its place; its error names the command to download it.
"""

from __future__ import annotations

import http.client
import os
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from .errors import CannotServe

#: How long the network may stay silent.
ANSWER_SECONDS = 6.0

_CHUNK_BYTES = 1 << 20
_PROGRESS_BYTES = 25 << 20

_NAME = re.compile(r'server_jar_name = "([\w.-]+\.jar)"')
_BASE = re.compile(r'url = "(https://[^"\s]+/)" \+ server_jar_name')


def require_jar(init_file: Path, echo: Callable[[str], None]) -> None:
    """Download the JAR that a package's `__init__.py` names, if missing. Raises CannotServe."""
    source = init_file.read_text(encoding="utf-8")
    name = _NAME.search(source)
    base = _BASE.search(source)
    if name is None or base is None:  # another release of the package, which may need no help
        return
    places = [init_file.with_name(name[1]), Path.home() / ".anvil" / name[1]]
    if any(place.is_file() for place in places):
        return
    url = base[1] + name[1]
    try:
        _download(url, places, echo)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CannotServe(
            f"The app server could not be downloaded ({_reason(error)}).",
            remedy=f"Download it: curl -fL --create-dirs -o ~/.anvil/draft {url} && "
            f"mv ~/.anvil/draft ~/.anvil/{name[1]}",
        ) from error


def _download(url: str, places: list[Path], echo: Callable[[str], None]) -> None:
    """Download to the first place that can be written; a file is moved there when complete."""
    with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - https, above
        place = next((each for each in places if _is_writable(each.parent)), None)
        if place is None:
            raise OSError("neither of its places can be written to")
        size = int(response.headers.get("Content-Length") or 0)
        amount = f" ({size >> 20} MiB)" if size else ""
        echo(f"Downloading the app server{amount} to {place}, this once.")
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            _copy(response, draft, echo)
            if not zipfile.is_zipfile(draft):  # its table of contents is its end
                raise OSError("what arrived is no complete JAR")
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)


def _copy(response: http.client.HTTPResponse, draft: Path, echo: Callable[[str], None]) -> None:
    done = 0
    with draft.open("wb") as stream:
        while chunk := response.read(_CHUNK_BYTES):
            stream.write(chunk)
            done += len(chunk)
            if done // _PROGRESS_BYTES > (done - len(chunk)) // _PROGRESS_BYTES:
                echo(f"  {done >> 20} MiB")


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    text = reason.strerror if isinstance(reason, OSError) else None
    return text or str(reason) or type(error).__name__
