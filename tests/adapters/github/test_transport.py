"""The way to GitHub's API: redirects, certificates, addresses, and no credential elsewhere."""

from __future__ import annotations

import json
import resource
import ssl
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from io import BytesIO
from ipaddress import ip_address

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from ingest.adapters.github import open_token_pool
from ingest.adapters.github.certificates import tls_context
from ingest.adapters.github.redirects import Redirects
from ingest.adapters.github.request import Request
from ingest.domain.counters import Counters
from ingest.errors import (
    BadRequest,
    GithubUnavailable,
    NotFound,
    RateLimited,
    RequestFailed,
    RequestPaused,
)
from ingest.settings import GithubSettings, Secret
from ingest.wire.answers import RawAnswer
from support.stub_github import StillClock, stub_github

RUN = Request.to("/repos/{}/actions/runs/{}", "octo/api", 7)


def client_of(url, clock=None, counters=None):
    settings = GithubSettings(api_url=url, tokens=(Secret("tok_secret"),))
    pool = open_token_pool(settings, clock=clock or StillClock(), counters=counters or Counters())
    [client] = pool.clients()
    return client


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_api_is_followed_and_counted(status):
    """A renamed repository answers so; parameters that the new address lacks are kept."""

    def answer(asked):
        if asked.path.startswith("/repos/"):
            return status, {"Location": "/repositories/1/actions/runs/7"}, None
        return 200, {}, {"id": 7, "page": asked.query.get("page")}

    counters = Counters()
    request = Request.to("/repos/{}/actions/runs/{}", "octo/api", 7, page=2)
    with stub_github(answer) as github:
        assert client_of(github.url, counters=counters).get(request).json() == {
            "id": 7,
            "page": "2",
        }
        assert [asked.token for asked in github.asked] == ["tok_secret"] * 2
    assert counters.read("github_requests.charged") == 2


def test_a_redirect_that_goes_round_ends():
    """It is asked once for each address."""
    moved = {"message": "Moved Permanently"}
    with stub_github(lambda asked: (301, {"Location": asked.path}, moved)) as github:
        with pytest.raises(GithubUnavailable, match="in a circle: Moved Permanently"):
            client_of(github.url).get(RUN)
        assert len(github.asked) == 1


def redirecting(hops):
    """Answer the last of so many redirects with a run."""

    def answer(asked):
        hop = int(asked.query.get("hop", 0))
        if hop == hops:
            return 200, {}, {"id": 7}
        return 301, {"Location": f"{asked.path}?hop={hop + 1}"}, {"message": "Moved Permanently"}

    return answer


def test_a_chain_of_redirects_is_followed_up_to_five():
    """A repository may have been renamed several times."""
    with stub_github(redirecting(5)) as github:
        assert client_of(github.url).get(RUN).json() == {"id": 7}
    with stub_github(redirecting(6)) as github:
        with pytest.raises(GithubUnavailable, match="more than 5 times: Moved Permanently"):
            client_of(github.url).get(RUN)
        assert len(github.asked) == 6


def test_a_redirect_without_an_address_is_named_in_githubs_words():
    moved = {"message": "Moved, address withheld"}
    with (
        stub_github(lambda _: (301, {}, moved)) as github,
        pytest.raises(GithubUnavailable, match=r"without an address: Moved, address withheld\."),
    ):
        client_of(github.url).get(RUN)


def test_a_redirect_keeps_the_parameters_that_its_address_lacks():
    """Without the page's size and number, a list would repeat its first 30 items."""

    def answer(asked):
        if asked.path.startswith("/repos/"):
            return 301, {"Location": "/repositories/1/actions/runs?page=3"}, None
        return 200, {}, dict(asked.query)

    request = Request.to("/repos/{}/actions/runs", "octo/api", per_page=100, page=3)
    with stub_github(answer) as github:
        found = client_of(github.url).get(request).json()
    assert found == {"page": "3", "per_page": "100"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_renamed_repositorys_log_is_asked_for_with_the_credential(status):
    """Only the address that holds the log itself gets none."""

    def answer(asked):
        if asked.path.startswith("/repos/"):
            return status, {"Location": "/repositories/1/actions/jobs/7/logs"}, None
        if not asked.token:
            return 404, {}, {"message": "Not Found"}
        return 302, {"Location": "http://logs.test/7"}, None

    request = Request.to("/repos/{}/actions/jobs/{}/logs", "octo/api", 7)
    with stub_github(answer) as github:
        found = client_of(github.url).get(replace(request, log_file=BytesIO()))
    assert found.headers["location"] == "http://logs.test/7"


def test_graphql_that_is_redirected_is_not_asked_again():
    """The redirect of a POST would be followed as a GET."""
    with stub_github(lambda _: (301, {"Location": "http://login.test/sso"}, None)) as github:
        with pytest.raises(
            NotFound, match=r"redirects .*/graphql \(301\) to http://login.test/sso"
        ):
            client_of(github.url).query("query { viewer { login } }", {})
        assert len(github.asked) == 1


@pytest.mark.parametrize("location", ["/login?next=x", "login"])
def test_the_address_to_which_a_post_is_redirected_is_named_whole(location):
    """Its host is GitHub's own where the answer names none."""
    with stub_github(lambda _: (302, {"Location": location}, None)) as github:
        message = rf"redirects /app \(302\) to {github.url}/login\.$"
        with pytest.raises(GithubUnavailable, match=message):
            client_of(github.url).post(Request.to("/app"))


@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:9/x", "https://127.0.0.1/x", "//evil.test/x"]
)
def test_no_redirect_takes_the_credential_elsewhere(location):
    """Another host, port or scheme is an error that says what to set."""
    with stub_github(lambda _: (301, {"Location": location}, None)) as github:
        with pytest.raises(GithubUnavailable) as refused:
            client_of(github.url).get(RUN)
        assert len(github.asked) == 1
    assert "GITHUB_API_URL" in refused.value.remedy


@pytest.mark.parametrize(("scheme", "port"), [("https", 443), ("http", 80)])
def test_the_usual_port_is_no_other_host(scheme, port):
    """Some proxies write it into the addresses to which they redirect."""
    api_url = f"{scheme}://git.test/api/v3"
    redirects = Redirects(f"{api_url}/repos/a/b", path="/", api_url=api_url, is_log=False)
    there = f"{scheme}://git.test:{port}/api/v3/repositories/1"
    assert redirects.follow(RawAnswer(status=301, headers={"location": there}, body="")) == there
    elsewhere = {"location": f"{scheme}://git.test:8080/x"}
    with pytest.raises(GithubUnavailable, match=r"git\.test:8080"):
        redirects.follow(RawAnswer(status=301, headers=elsewhere, body=""))


def test_a_redirect_to_a_sign_in_names_the_path_that_the_address_lacks():
    """The web server of a GitHub Enterprise Server redirects to its identity provider."""
    sign_in = (302, {"Location": "https://login.test/saml"}, None)
    with stub_github(lambda _: sign_in) as github:
        for path, is_named in (("", True), ("/api/v3", False)):
            with pytest.raises(GithubUnavailable) as refused:
                client_of(f"{github.url}{path}").get(RUN)
            assert ("/api/v3" in refused.value.remedy) is is_named


def test_an_answer_that_is_still_made_is_not_waited_for():
    """202 fails at once; whoever asked decides when to ask again."""
    with stub_github(lambda _: (202, {}, {})) as github:
        with pytest.raises(RequestFailed, match="202"):
            client_of(github.url).get(RUN)
        assert len(github.asked) == 1


def test_retry_after_of_a_busy_server_is_obeyed_for_that_path():
    """Other paths are asked meanwhile."""

    def answer(asked):
        if asked.path.endswith("/7"):
            return 503, {"Retry-After": "40"}, {"message": "Busy"}
        return 200, {}, {"id": 8}

    clock = StillClock()
    with stub_github(answer) as github:
        client = client_of(github.url, clock)
        with pytest.raises(RequestFailed):
            client.get(RUN)
        with pytest.raises(RequestPaused) as held:
            client.get(RUN)
        assert (held.value.retry_at - clock.now()).total_seconds() == 40
        assert client.get(Request.to("/repos/{}/actions/runs/{}", "octo/api", 8)).status == 200
        assert len(github.asked) == 2
        clock.sleep(41)
        with pytest.raises(RequestFailed):
            client.get(RUN)


def test_a_limit_hidden_behind_404_is_a_limit():
    """Nothing is missing because the token asked too much."""
    message = {"message": "You have exceeded a secondary rate limit."}
    with stub_github(lambda _: (404, {}, message)) as github, pytest.raises(RateLimited):
        client_of(github.url).get(RUN)


def test_a_server_is_reached_by_its_ipv6_address():
    """A literal address needs its brackets in every URL."""
    with stub_github(lambda _: (200, {}, {"id": 7}), host="::1") as github:
        assert client_of(github.url).get(RUN).json() == {"id": 7}


def test_a_netrc_entry_and_a_cookie_are_never_sent(tmp_path, monkeypatch):
    """Credentials come from the settings alone."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with stub_github(lambda _: (200, {"Set-Cookie": "a=b"}, {"id": 7})) as github:
        client = client_of(github.url)
        client.get(RUN)
        client.get(RUN)
        assert [asked.token for asked in github.asked] == ["tok_secret"] * 2
        assert all("cookie" not in asked.headers for asked in github.asked)


def test_an_answer_that_repeats_the_token_does_not_show_it():
    """Errors are shown to people."""
    with (
        stub_github(
            lambda asked: (400, {}, {"message": f"bad header {asked.headers['authorization']}"})
        ) as github,
        pytest.raises(BadRequest) as refused,
    ):
        client_of(github.url).get(RUN)
    assert "tok_secret" not in f"{refused.value} {refused.value.remedy}"


@pytest.mark.parametrize("value", ["../user", "octo/..", "octo//api", "", "octo/api/./x"])
def test_no_value_names_another_path(value):
    """Names arrive from queues and webhooks."""
    with pytest.raises(BadRequest):
        Request.to("/repos/{}/actions/runs", value)
    assert Request.to("/repos/{}", "octo/a?x=#y").path == "/repos/octo/a%3Fx%3D%23y"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ca")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", folder / "key.pem", "-out", folder / "ca.pem", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


def trust(authority, monkeypatch):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    if authority is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))


def test_a_private_ca_is_trusted_where_it_is_named(certificate, monkeypatch):
    """OpenSSL's own variable is enough; without it, the error says what to set."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "ca.pem", certificate / "key.pem")
    with stub_github(lambda _: (200, {}, {"id": 7}), tls=context) as github:
        trust(None, monkeypatch)
        with pytest.raises(GithubUnavailable, match="could not be verified") as refused:
            client_of(github.url).get(RUN)
        assert "SSL_CERT_FILE" in refused.value.remedy
        trust(certificate / "ca.pem", monkeypatch)
        assert client_of(github.url).get(RUN).json() == {"id": 7}
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "none.pem"))
        with pytest.raises(GithubUnavailable) as missing:
            client_of(github.url).get(RUN)
        assert "SSL_CERT_FILE" in missing.value.remedy


def test_the_variable_that_is_in_force_is_named(certificate, monkeypatch):
    """To set SSL_CERT_FILE would change nothing while another one comes before it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "ca.pem", certificate / "key.pem")
    trust(certificate / "ca.pem", monkeypatch)
    with stub_github(lambda _: (200, {}, {"id": 7}), tls=context) as github:
        for path in (certifi.where(), certificate / "none.pem"):
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
            with pytest.raises(GithubUnavailable) as refused:
                client_of(github.url).get(RUN)
            assert "et REQUESTS_CA_BUNDLE to" in refused.value.remedy


def test_certificates_are_read_again_once_their_file_has_changed(certificate, monkeypatch):
    """Connections share them until then, because reading them costs more than a request."""
    trust(certificate / "ca.pem", monkeypatch)
    first = tls_context()
    assert tls_context() is first
    (certificate / "ca.pem").touch()
    assert tls_context() is not first


@pytest.mark.parametrize(("proxy", "login"), [("", None), ("a%40b:c@", "Basic YUBiOmM=")])
def test_a_proxy_gets_the_whole_address_and_the_login_that_its_own_holds(proxy, login, monkeypatch):
    """The login is for the proxy alone."""
    with stub_github(lambda _: (200, {}, {"id": 7})) as github:
        monkeypatch.setenv("HTTP_PROXY", github.url.replace("//", f"//{proxy}"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
        client_of("http://github.example").get(RUN)
        client_of(github.url).get(RUN)
        through, direct = github.asked
    assert through.headers["host"] == "github.example"
    assert through.headers.get("proxy-authorization") == login
    assert "proxy-authorization" not in direct.headers


def test_a_certificate_of_the_future_is_the_clocks_fault(certificate, tmp_path, monkeypatch):
    """A machine whose clock is behind sees no valid certificate of any server."""
    future = datetime.now(timezone.utc) + timedelta(days=1)
    (tmp_path / "leaf.pem").write_bytes(sign_leaf(certificate, valid_from=future))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf.pem", certificate / "key.pem")
    trust(certificate / "ca.pem", monkeypatch)
    with stub_github(lambda _: (200, {}, {"id": 7}), tls=context) as github:
        with pytest.raises(GithubUnavailable, match="could not be verified") as refused:
            client_of(github.url).get(RUN)
        assert "clock of this machine" in refused.value.remedy


def sign_leaf(authority, *, valid_from):
    """Sign a certificate for 127.0.0.1 with the authority's key, which it has as its own too."""
    issuer = x509.load_pem_x509_certificate((authority / "ca.pem").read_bytes())
    key = serialization.load_pem_private_key((authority / "key.pem").read_bytes(), password=None)
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    leaf = x509.CertificateBuilder(issuer_name=issuer.subject, serial_number=7)
    leaf = leaf.subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "leaf")]))
    leaf = leaf.public_key(issuer.public_key()).add_extension(host, critical=False)
    leaf = leaf.not_valid_before(valid_from).not_valid_after(valid_from + timedelta(days=1))
    return leaf.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_lack_of_open_files_is_not_of_the_network():
    """The process has used up its own limit."""
    with stub_github(lambda _: (200, {}, {"id": 7})) as github:
        client_of(github.url).get(RUN)  # imports what sending a request needs
        client = client_of(github.url)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            with pytest.raises(GithubUnavailable) as refused:
                client.get(RUN)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert "raise the limit of open files" in str(refused.value.remedy), str(refused.value)


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("socks5://u:pa55word@127.0.0.1:9", "PySocks"),
        ("http://u:pa55word@[bad", "is not valid"),
        ('"http://u:pa55word@127.0.0.1:9"', "is not valid"),
        ("http://u:pa55word@127.0.0.1:9", "Connection refused"),
        ("http://u:pa55word@proxy.invalid:9", "not known|No address|failure in name"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(proxy, reason, monkeypatch):
    """It is no HTTP proxy, has no valid address, or does not respond; its password is not shown."""
    _set_proxy(monkeypatch, proxy)
    with pytest.raises(GithubUnavailable, match=reason) as failed:
        client_of("https://github.example").get(RUN)
    assert "HTTP_PROXY" in failed.value.remedy
    assert "pa55word" not in f"{failed.value} {failed.value.remedy}"


def test_what_a_proxy_answers_to_a_connection_is_reported(monkeypatch):
    """It may want a login, forbid the host, or not find it; this one refuses every tunnel."""
    with stub_github(lambda _: (200, {}, "")) as proxy:
        _set_proxy(monkeypatch, proxy.url)
        with pytest.raises(GithubUnavailable, match=r"failed: 501 Unsupported method") as failed:
            client_of("https://github.example").get(RUN)
    assert "HTTPS_PROXY" in failed.value.remedy


def _set_proxy(monkeypatch, proxy):
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", proxy)
        monkeypatch.setenv(f"{scheme}_proxy".upper(), proxy)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"])
def test_json_in_any_encoding_that_json_knows_is_read(encoding):
    """Some proxies recode what passes through them, or add a byte order mark."""
    body = '{"id": 7, "name": "d\u00e9ploy"}'.encode(encoding)
    with stub_github(lambda _: (200, {}, body)) as github:
        assert client_of(github.url).get(RUN).json() == {"id": 7, "name": "d\u00e9ploy"}


@pytest.mark.parametrize("body", [b"\0" * 40, b'{"id": 7}\0\0', b"\xff\xfe", b"\xff\xfe{\0\0"])
def test_bytes_that_are_no_json_are_a_broken_answer(body):
    """The error names the address, and the request is sent again later."""
    broken = pytest.raises(RequestFailed, match="not the expected JSON")
    with stub_github(lambda _: (200, {}, body)) as github, broken:
        client_of(github.url).get(RUN).json()


def test_deeply_nested_json_is_a_broken_answer():
    """It must not end the process."""
    deep = "[" * 100_000 + "]" * 100_000
    with stub_github(lambda _: (200, {}, deep)) as github, pytest.raises(RequestFailed):
        client_of(github.url).get(RUN).json()


@pytest.mark.parametrize("length", ["-5", "zz"])
def test_an_answer_with_an_invalid_chunk_is_a_broken_answer(length):
    """The HTTP client raises an error of its own kind for either."""
    chunk = f"{length}\r\nhello\r\n0\r\n\r\n"
    chunked = {"Transfer-Encoding": "chunked"}
    with stub_github(lambda _: (200, chunked, chunk)) as github, pytest.raises(RequestFailed):
        client_of(github.url).get(RUN)


def test_a_wrong_clock_does_not_shorten_or_lengthen_a_wait():
    """GitHub's reset is by its own clock, which its Date header names."""
    clock = StillClock()
    ahead = StillClock()
    ahead.sleep(3600)
    reset = str(int(ahead.now().timestamp()) + 100)
    headers = {
        "Date": ahead.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": reset,
    }
    refusal = (403, headers, json.dumps({"message": "limit"}))
    with stub_github(lambda _: refusal) as github, pytest.raises(RateLimited) as held:
        client_of(github.url, clock).get(RUN)
    assert 98 <= (held.value.retry_at - clock.now()).total_seconds() <= 102


def test_what_github_says_is_quoted_as_one_line_without_control_characters():
    """Errors are shown on terminals, where escape sequences could write anywhere."""
    said = {"message": "no\r\nerror: forged \x1b[2J\u202e"}
    with (
        stub_github(lambda _: (400, {}, said)) as github,
        pytest.raises(BadRequest, match="no error: forged") as refused,
    ):
        client_of(github.url).get(RUN)
    assert str(refused.value).isprintable()
