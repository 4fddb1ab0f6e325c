"""Which addresses a log may be read from."""

from __future__ import annotations

import pytest
from ingest.errors import GithubUnavailable
from ingest.wire.log_addresses import is_private, require_allowed_url

PUBLIC = "https://api.github.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://productionresults.blob.core.windows.net/logs?sig=x",
        "https://8.8.8.8/log",
        "https://api.github.com/log",
    ],
)
def test_public_addresses_are_allowed(url):
    """Over https, as GitHub gives them."""
    require_allowed_url(url, api_url=PUBLIC)


def test_an_address_without_a_host_is_named_as_it_is():
    with pytest.raises(GithubUnavailable, match="redirects a log to file://, which"):
        require_allowed_url("file:///etc/passwd", api_url=PUBLIC)


@pytest.mark.parametrize(
    "url",
    [
        "http://blob.core.windows.net/log",
        "file:///etc/passwd",
        "ftp://blob.core.windows.net/log",
        "https://localhost/log",
        "https://127.0.0.1/log",
        "https://127.1/log",
        "https://2130706433/log",
        "https://0x7f.0.0.1/log",
        "https://0177.0.0.1/log",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/log",
        "https://192.168.1.1/log",
        "https://[::1]/log",
        "https://[::ffff:10.0.0.1]/log",
        "https://[fe80::1]/log",
        "https://[fd00::1]/log",
        "https://[fec0::1]/log",
        "https://[ff02::1]/log",
        "https://[::127.0.0.1]/log",
        "https://[::ffff:0:127.0.0.1]/log",
        "https://[64:ff9b::a9fe:a9fe]/log",
        "https://[64:ff9b:1::a00:1]/log",
        "https://[2002:7f00:1::]/log",
        "https://192.0.0.192/log",
        "https://224.0.0.1/log",
        "https://127\u30020\u30020\u30021/log",
        "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/log",
        "https://octo@10.0.0.1/log",
        "https://metadata.google.internal/log",
        "https://printer.local./log",
        "https:///log",
        "https://[::1/log",
        "",
    ],
)
def test_other_schemes_and_private_addresses_are_refused(url):
    """A redirect must not reach into this machine's network."""
    with pytest.raises(GithubUnavailable):
        require_allowed_url(url, api_url=PUBLIC)


def test_a_private_api_may_keep_its_logs_on_private_addresses():
    """As a GitHub Enterprise Server does; https is kept where the API is https."""
    require_allowed_url("http://10.0.0.9/log", api_url="http://10.0.0.8/api/v3")
    require_allowed_url("https://10.0.0.9/log", api_url="https://10.0.0.8/api/v3")
    with pytest.raises(GithubUnavailable):
        require_allowed_url("http://10.0.0.9/log", api_url="https://10.0.0.8/api/v3")


@pytest.mark.parametrize(
    "host", ["github.com", "8.8.8.8", "2606:50c0:8000::153", "64:ff9b::808:808", "1.2.3.4.5"]
)
def test_public_hosts_are_not_private(host):
    """Names are judged by their form alone; what they resolve to is checked before a request."""
    assert not is_private(host)
