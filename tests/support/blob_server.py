"""Azure Blob Storage on this machine: one account in memory, by the REST of its SDK.

`make test-azurite` runs the same tests on Microsoft's own emulator, which needs Node.js. This
server has what Runstream uses: containers, blobs in one request or in blocks, ranges, deletion.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

ACCOUNT = "devstoreaccount1"

#: Microsoft's well-known key of emulators.
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def connection_string(address: str) -> str:
    """Return the connection string of the emulators' account at an address."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={_KEY};"
        f"BlobEndpoint={address}/{ACCOUNT};"
    )


class _Account:
    def __init__(self) -> None:
        self.containers: dict[str, dict[str, bytes]] = {}
        self.blocks: dict[tuple[str, str], bytes] = {}
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    account: _Account

    def _parts(self) -> tuple[str, str, dict[str, list[str]]]:
        parsed = urlsplit(self.path)
        _, _, container, *rest = unquote(parsed.path).split("/", 3)
        return container, "".join(rest), parse_qs(parsed.query, keep_blank_values=True)

    def _answer(
        self, status: int, body: bytes = b"", code: str | None = None, **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if code is not None:
            self.send_header("x-ms-error-code", code)
        self.send_header("Content-Length", headers.get("size", str(len(body))))
        self.send_header("ETag", '"0x1"')
        self.send_header("Last-Modified", "Sat, 28 Nov 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        body = self._read()
        container, blob, query = self._parts()
        containers = self.account.containers
        with self.account.lock:
            if query.get("restype") == ["container"]:
                if container in containers:
                    self._answer(409, code="ContainerAlreadyExists")
                    return
                containers[container] = {}
            elif container not in containers:
                self._answer(404, code="ContainerNotFound")
                return
            elif query.get("comp") == ["block"]:
                self.account.blocks[blob, query["blockid"][0]] = body
            else:
                if query.get("comp") == ["blocklist"]:
                    ids = [each.text or "" for each in ET.fromstring(body)]  # noqa: S314
                    body = b"".join(self.account.blocks.pop((blob, each)) for each in ids)
                containers[container][blob] = body
        self._answer(201)

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_GET(self) -> None:
        container, blob, _ = self._parts()
        if not blob:
            found = container in self.account.containers
            self._answer(200 if found else 404, code=None if found else "ContainerNotFound")
            return
        content = self.account.containers.get(container, {}).get(blob)
        if content is None:
            self._answer(404, code="BlobNotFound")
            return
        asked = self.headers.get("x-ms-range") or self.headers.get("Range")
        if asked is None or self.command == "HEAD":
            self._answer(200, content)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        if int(first) >= len(content):
            self._answer(416, code="InvalidRange")
            return
        part = content[int(first) : int(last) + 1]
        place = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        self._answer(206, part, Content_Range=place)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        container, blob, _ = self._parts()
        found = self.account.containers.get(container, {}).pop(blob, None)
        self._answer(404 if found is None else 202)

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


@contextmanager
def running_blobs() -> Iterator[str]:
    """Run a server; yield its address."""
    handler = type("Handler", (_Handler,), {"account": _Account()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
