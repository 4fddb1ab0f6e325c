"""What is reported of a connection that is there and useless."""

from __future__ import annotations

import socket
import threading

import pytest
import urllib3
from ingest.adapters.github.connection_errors import connection_error, log_host_error


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"])
def test_a_host_that_keeps_the_connection_and_sends_nothing_is_reported_so(sent):
    """It is not reported to have ended the connection."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(sent)
                ended.wait()

        thread = threading.Thread(target=answer)
        thread.start()
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(urllib3.exceptions.HTTPError) as raised:
            urllib3.request("GET", host, timeout=0.2, retries=False)
        ended.set()
        thread.join()
    said = str(connection_error(raised.value, f"{host}/repos/octo/api", read_seconds=20))
    assert said == f"{host} sent nothing for 20 seconds."


@pytest.mark.parametrize(
    ("fault", "said", "remedy"),
    [
        ("Hostname mismatch, certificate is not valid for 'a.example'.", "'a.example'.", "address"),
        ("certificate has expired", "has expired.", "Renew"),
        ("certificate is not yet valid", "not yet valid.", "clock"),
        ("self-signed certificate", "self-signed certificate.", "private CA"),
    ],
)
def test_a_certificate_is_reported_with_what_to_do_about_its_fault(fault, said, remedy):
    """The file of a private CA changes nothing about an expired one, or one of another name."""
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {fault} (_ssl.c:1007)"
    wrong = urllib3.exceptions.SSLError(text)
    error = connection_error(wrong, "https://a.example/repos/octo/api", read_seconds=20)
    assert str(error).endswith(said)
    assert not str(error).endswith("..")
    assert remedy in str(error.remedy)


def test_a_tls_connection_that_breaks_is_not_blamed_on_a_certificate():
    """A log's host has nothing to do with GITHUB_API_URL."""
    fault = "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] decryption failed or bad record mac"
    broken = urllib3.exceptions.SSLError(f"{fault} (_ssl.c:2580)")
    url = "https://logs.example.com/1"
    errors = [connection_error(broken, url, read_seconds=20), log_host_error(broken, url)]
    for error in errors:
        expected = (
            "The TLS of https://logs.example.com failed: decryption failed or bad record mac."
        )
        assert str(error) == expected
        assert "private CA" not in str(error.remedy)
    assert ["GITHUB_API_URL" in str(error.remedy) for error in errors] == [True, False]
