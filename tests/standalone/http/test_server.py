"""Addresses as people type them, and paths at which something is."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import click
import pytest
import requests
from ingest.errors import BadSettings

from standalone.http.limits import THREADS
from standalone.http.server import Address, AddressType, HttpServer, Routes, respond


def hello(environ, start_response):
    return respond(start_response, "200 OK", "hello\n")


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("9464", "127.0.0.1", 9464),
        (":1", "127.0.0.1", 1),
        (" 0.0.0.0:65535 ", "0.0.0.0", 65535),
        ("[::1]:80", "::1", 80),
        ("::1:80", "::1", 80),
        ("metrics.internal:9000", "metrics.internal", 9000),
    ],
)
def test_an_address_is_read_as_it_is_typed(typed, host, port):
    """Without a host it is this machine's own."""
    assert AddressType().convert(typed, None, None) == Address(host, port)


@pytest.mark.parametrize(
    "typed", ["", "x", "host:", "1:0", "1:65536", "1:-5", "1:٣", "1:" + "9" * 99]
)
def test_what_is_no_address_is_refused_with_an_example(typed):
    """A person sees what was expected."""
    with pytest.raises(click.BadParameter, match="expected HOST:PORT, such as 0"):
        AddressType().convert(typed, None, None)


def test_an_address_is_written_as_in_a_url():
    """IPv6 in brackets."""
    assert f"{Address('::1', 80)} {Address('127.0.0.1', 80)}" == "[::1]:80 127.0.0.1:80"


def test_a_host_without_an_address_is_refused():
    with pytest.raises(BadSettings, match=r"nosuch\.invalid is not the name of a host"):
        HttpServer(Routes({}), Address("nosuch.invalid", 8013))


def test_each_path_has_one_handler_and_others_list_the_paths():
    """The 404 response lists the paths."""
    server = HttpServer(Routes({"/a": hello}), Address("127.0.0.1", 0))
    try:
        url = f"http://127.0.0.1:{server.port}"
        assert requests.get(f"{url}/a", timeout=60).text == "hello\n"
        missing = requests.get(f"{url}/b", timeout=60)
        assert (missing.status_code, missing.text) == (404, "Nothing is here, only at /a.\n")
        too_large = requests.post(f"{url}/a", data=b"x" * 70_000, timeout=60)
        assert too_large.status_code == 413
    finally:
        server.close()


def test_a_path_apart_is_answered_while_all_others_wait():
    """A slow state holds every webhook, and a supervisor must not end the process for it."""
    go_on, waiting = threading.Event(), threading.Semaphore(0)

    def slow(_environ, start_response):
        waiting.release()
        assert go_on.wait(30)
        return respond(start_response, "200 OK", "late")

    server = HttpServer(
        Routes({"/slow": slow, "/healthz": hello}),
        Address("127.0.0.1", 0),
        paths_with_own_threads={"/healthz"},
    )
    there = f"http://127.0.0.1:{server.port}"
    with ThreadPoolExecutor(8) as clients:
        slow_answers = [clients.submit(requests.get, f"{there}/slow", timeout=30) for _ in range(8)]
        for _ in range(THREADS):
            assert waiting.acquire(timeout=60)
        try:
            assert requests.get(f"{there}/healthz", timeout=60).text == "hello\n"
        finally:
            go_on.set()
        assert {each.result().text for each in slow_answers} == {"late"}
    server.close()


def test_a_server_closes_though_its_loop_wakes_before_it_is_told_to():
    """The loop may take what it shall run from another wake-up, and close what is written to."""
    server = HttpServer(hello, Address("127.0.0.1", 0))
    trigger, loop = server._server.trigger, server._thread
    wake = trigger._physical_pull

    def wake_early():
        wake()
        loop.join(timeout=0.3)
        wake()

    trigger._physical_pull = wake_early
    server.close()
    assert not loop.is_alive()


def test_a_host_with_several_addresses_is_refused(monkeypatch):
    """One port must be the port."""
    import socket

    def both(*_arguments, **_options):
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("127.0.0.1", 0)), (*kind, ("127.0.0.2", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(BadSettings, match=r"several\.test has several addresses"):
        HttpServer(hello, Address("several.test", 0))
