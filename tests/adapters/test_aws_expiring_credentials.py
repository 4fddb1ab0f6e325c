"""Temporary credentials that end in the middle of the work are renewed, or waited for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from ingest.adapters.aws import credential_files
from ingest.adapters.aws.clients import sqs_client
from ingest.adapters.aws.errors import translate_aws_errors
from ingest.errors import AccessDenied, IngestError, QueueUnavailable
from ingest.settings import AwsSettings

START_URL = "https://sign-in.example/start"

ROLE = """
[default]
region = eu-west-1
role_arn = arn:aws:iam::000000000000:role/collector
source_profile = source

[profile source]
aws_access_key_id = source
aws_secret_access_key = source
"""
SSO = f"""
[default]
region = eu-west-1
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = 000000000000
sso_role_name = collector
"""
SSO_SESSION = f"""
[default]
region = eu-west-1
sso_session = work
sso_account_id = 000000000000
sso_role_name = collector

[sso-session work]
sso_start_url = {START_URL}
sso_region = eu-west-1
"""

ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""
REFUSED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<Error><Type>Sender</Type><Code>{code}</Code><Message>refused</Message></Error></ErrorResponse>"""


class Aws:
    """STS, SSO and SQS; each credential is that of one request, for five minutes are too few."""

    def __init__(self) -> None:
        self.issued = 0
        self.fault: tuple[int, str] | None = None
        self.accepted: list[str] = []
        self.assumed_by: list[str] = []

    def answer(self, request: BaseHTTPRequestHandler) -> tuple[int, str]:
        """Answer one request of any of the three."""
        if "AmazonSQS" in request.headers.get("X-Amz-Target", ""):
            self.accepted.append(_signer(request))
            return 200, "{}"
        is_sso = request.path.startswith("/federation/credentials")
        if self.fault is not None:
            status, code = self.fault
            return status, json.dumps({"__type": code}) if is_sso else REFUSED.format(code=code)
        self.issued += 1
        key, end = f"ROLE{self.issued:02}", datetime.now(timezone.utc) + timedelta(minutes=5)
        if not is_sso:
            self.assumed_by.append(_signer(request))
            return 200, ASSUMED.format(key=key, end=end)
        credentials = dict.fromkeys(("accessKeyId", "secretAccessKey", "sessionToken"), key)
        return 200, json.dumps(
            {"roleCredentials": {**credentials, "expiration": int(end.timestamp() * 1000)}}
        )


def _signer(request: BaseHTTPRequestHandler) -> str:
    return request.headers["Authorization"].split("Credential=")[1].partition("/")[0]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Serve them, and let botocore find them."""
    played = Aws()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, text = played.answer(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        for service in ("STS", "SSO", "SQS"):
            monkeypatch.setenv(
                f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{server.server_port}"
            )
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield played
        server.shutdown()
        thread.join()


@contextmanager
def queues_of(monkeypatch: pytest.MonkeyPatch, folder: Path, config: str) -> Iterator[object]:
    """Open one client with a profile; gives a function that sends a request."""
    file = folder / "config"
    file.write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(folder))
    client = sqs_client(AwsSettings())

    def ask() -> None:
        with translate_aws_errors("Queue a"):
            client.list_queues()

    yield ask
    client.close()


def sign_in(folder: Path, name: str, *, minutes: int) -> None:
    """Write the token that `aws sso login` writes."""
    end = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    token = {"accessToken": "t", "expiresAt": f"{end:%Y-%m-%dT%H:%M:%SZ}", "region": "eu-west-1"}
    file = folder / f"{hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()}.json"
    file.write_text(json.dumps({**token, "startUrl": START_URL}))


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ((503, "ServiceUnavailable"), QueueUnavailable),
        ((400, "ExpiredToken"), AccessDenied),
        ((403, "AccessDenied"), AccessDenied),
    ],
)
def test_a_role_that_cannot_be_assumed_for_a_while_is_waited_for(
    aws: Aws, monkeypatch, tmp_path, fault, raised: type[IngestError]
) -> None:
    """The same client works again afterwards, with new credentials."""
    with queues_of(monkeypatch, tmp_path, ROLE) as ask:
        ask()
        aws.fault = fault
        with pytest.raises(raised, match="Queue a"):
            ask()
        aws.fault = None
        ask()
        ask()
    assert aws.accepted == ["ROLE01", "ROLE02", "ROLE03"]


def test_a_role_is_assumed_with_the_renewed_credentials_of_its_source_profile(
    aws: Aws, monkeypatch, tmp_path
) -> None:
    """aws-vault and scripts write those of the source profile anew before they end."""
    follow = partial(credential_files.follow_credential_files, every_seconds=0)
    monkeypatch.setattr(credential_files, "follow_credential_files", follow)
    with queues_of(monkeypatch, tmp_path, ROLE) as ask:
        ask()
        (tmp_path / "config").write_text(ROLE.replace("= source\naws_s", "= renewed\naws_s"))
        ask()
    assert aws.assumed_by == ["source", "renewed"]


@pytest.mark.parametrize(("config", "name"), [(SSO, START_URL), (SSO_SESSION, "work")])
def test_an_sso_session_that_has_ended_is_waited_for(
    aws: Aws, monkeypatch, tmp_path, config: str, name: str
) -> None:
    """A person logs in again, and the same client works."""
    sign_in(tmp_path, name, minutes=60)
    with queues_of(monkeypatch, tmp_path, config) as ask:
        ask()
        aws.fault = (401, "UnauthorizedException")
        with pytest.raises(AccessDenied, match=r"aws sso login"):
            ask()
        aws.fault = None
        sign_in(tmp_path, name, minutes=60)
        ask()
    assert aws.accepted == ["ROLE01", "ROLE02"]


def test_a_token_of_sso_that_has_expired_is_read_again(aws: Aws, monkeypatch, tmp_path) -> None:
    """The file is that of the last login."""
    sign_in(tmp_path, START_URL, minutes=-1)
    with queues_of(monkeypatch, tmp_path, SSO) as ask:
        with pytest.raises(AccessDenied, match=r"Queue a.* Log in with this profile"):
            ask()
        sign_in(tmp_path, START_URL, minutes=60)
        ask()
    assert aws.accepted == ["ROLE01"]
