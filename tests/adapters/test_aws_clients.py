"""How AWS is reached: what is configured, what AWS's own environment says, and what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import ReadTimeoutError, UnknownServiceError
from botocore.session import get_session
from ingest.adapters.aws import clients as product
from ingest.adapters.aws import credential_files
from ingest.adapters.aws.clients import avoid_service_scan
from ingest.adapters.aws.errors import translate_aws_errors
from ingest.adapters.aws.sqs import SqsWorkQueue
from ingest.domain.counters import Counters
from ingest.errors import AccessDenied, BadSettings, QueueUnavailable
from ingest.settings import AwsSettings


def test_without_credentials_the_remedy_is_named() -> None:
    """A forgotten key is a person's matter, not an outage."""
    access = AwsSettings(endpoint_url="http://127.0.0.1:9")
    with (
        closing(product.sqs_client(access)) as client,
        pytest.raises(AccessDenied, match="AWS_ACCESS_KEY_ID"),
    ):
        SqsWorkQueue.open(client, "any", Counters())


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4566", "http://", "not a url"])
def test_an_endpoint_that_is_none_is_a_bad_setting(endpoint: str) -> None:
    """A URL without its scheme is refused by name."""
    with pytest.raises(BadSettings, match="cannot be reached at"):
        product.sqs_client(AwsSettings(endpoint_url=endpoint))


@pytest.mark.parametrize(
    ("service", "build"), [("SQS", product.sqs_client), ("S3", product.s3_client)]
)
def test_the_endpoint_of_one_service_is_named(
    service: str, build: Callable[[AwsSettings], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of all services, which is not used then."""
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "localhost:4566")
    with pytest.raises(BadSettings, match=f"'localhost:4566': .* AWS_ENDPOINT_URL_{service}"):
        build(AwsSettings(endpoint_url="http://127.0.0.1:9"))


def test_a_variable_of_aws_without_a_valid_value_is_no_fault_of_the_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Botocore raises the same for both."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "many")
    with pytest.raises(BadSettings, match=r"has no valid value: .* 'many'") as refused:
        product.sqs_client(AwsSettings(endpoint_url="http://127.0.0.1:9"))
    assert "ENDPOINT" not in str(refused.value)


def test_an_unknown_profile_is_a_bad_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's own environment is read, and its faults are reported."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(BadSettings, match="nobody"):
        product.sqs_client(AwsSettings())


@pytest.mark.parametrize("make", [product.sqs_client, product.s3_client])
@pytest.mark.parametrize(
    "name",
    [
        "AWS_CA_BUNDLE",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL_SQS",
        "AWS_MAX_ATTEMPTS",
        "AWS_PROFILE",
        "AWS_REQUEST_CHECKSUM_CALCULATION",
        "AWS_RETRY_MODE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ],
)
def test_a_variable_of_aws_that_is_empty_is_not_set(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[AwsSettings], object], name: str
) -> None:
    """Compose files pass what is not set as an empty text."""
    monkeypatch.setenv(name, "")
    assert make(AwsSettings()).meta.region_name == "us-east-1"


def test_quotes_around_a_variable_of_aws_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As around settings of Runstream's own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", '"http://127.0.0.1:9"')
    assert product.sqs_client(AwsSettings()).meta.endpoint_url == "http://127.0.0.1:9"


def test_threads_may_open_their_first_clients_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each removes the variables that are empty."""
    names = [f"AWS_UNUSED_{number}" for number in range(40)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            for name in names:
                monkeypatch.setenv(name, "")
            with ThreadPoolExecutor(4) as threads:
                done = [threads.submit(product._tidy_variables) for _ in range(4)]
            assert [each.exception() for each in done] == [None] * 4
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("make", [product.sqs_client, product.s3_client])
@pytest.mark.parametrize(
    ("environment", "configured", "expected"),
    [
        ({}, None, "us-east-1"),
        ({"AWS_REGION": "eu-north-1"}, None, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-north-1"}, None, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "ap-south-1", "ap-south-1"),
    ],
)
def test_the_region_is_the_nearest_that_is_set(
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[AwsSettings], object],
    environment: dict[str, str],
    configured: str | None,
    expected: str,
) -> None:
    """Settings win over boto3's variable, that one over AWS_REGION, and a default is there."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert make(AwsSettings(region=configured)).meta.region_name == expected


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
def test_the_endpoint_may_come_from_aws_s_environment(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Both of AWS's variables lead the client elsewhere."""
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert product.sqs_client(AwsSettings()).meta.endpoint_url == "http://127.0.0.1:9"


def test_importing_the_adapter_does_not_import_boto3() -> None:
    """Commands that need no AWS do not wait for it."""
    program = (
        "import sys; from ingest.adapters.aws import bus, cloudformation, clients,"
        " credential_files, inspect, policies, provision, provision_bucket, queues, s3, sqs;"
        " sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    folder = product.__file__.partition("/ingest/")[0]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=folder, timeout=60)


def test_only_the_wanted_service_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of botocore's 400 folders, those of other services are listed and not opened."""
    opened: list[str] = []

    def list_folder(path: str) -> list[str]:
        opened.append(path)
        return list_it(path)

    list_it = os.listdir
    monkeypatch.setattr("os.listdir", list_folder)
    product.sqs_client(AwsSettings())
    assert {Path(path).name for path in opened if Path(path).parent.name == "data"} == {"sqs"}


def test_services_of_aws_s_own_data_path_are_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder there is a service as well; what has none is unknown."""
    (tmp_path / "ours" / "2026-01-01").mkdir(parents=True)
    (tmp_path / "ours" / "2026-01-01" / "service-2.json").write_text('{"operations": {}}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    session = avoid_service_scan(get_session())
    assert session.get_service_data("ours") == {"operations": {}}
    with pytest.raises(UnknownServiceError):
        session.get_service_data("theirs")


def test_a_local_s3_has_its_buckets_in_the_path() -> None:
    """No name of a host per bucket is needed, whichever way the endpoint was given."""
    client = product.s3_client(AwsSettings(endpoint_url="http://localhost:9"))
    assert client.meta.config.s3["addressing_style"] == "path"


def test_an_s3_endpoint_from_the_environment_is_local_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's own variable means the same as the setting."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://localhost:9")
    assert product.s3_client(AwsSettings()).meta.config.s3["addressing_style"] == "path"


@pytest.mark.parametrize(
    ("make", "attempts", "read_seconds"),
    [(product.sqs_client, 2, 25), (product.s3_client, 3, 30)],
)
def test_every_request_has_an_end(
    make: Callable[[AwsSettings], object], attempts: int, read_seconds: int
) -> None:
    """Connecting, reading (a long poll included) and trying again are all limited."""
    config = make(AwsSettings()).meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, read_seconds)
    assert config.retries == {"mode": "standard", "total_max_attempts": attempts}
    assert config.max_pool_connections == 16


@pytest.mark.parametrize(
    ("environment", "configured", "expected"),
    [
        ({}, "http://own:1", "http://own:1"),
        ({"AWS_ENDPOINT_URL_SQS": "http://sqs:2"}, "http://own:1", "http://sqs:2"),
        (
            {"AWS_ENDPOINT_URL": "http://all:3", "AWS_ENDPOINT_URL_SQS": "http://sqs:2"},
            None,
            "http://sqs:2",
        ),
        ({"AWS_ENDPOINT_URL": "http://all:3"}, None, "http://all:3"),
    ],
)
def test_the_endpoint_of_a_service_comes_first(monkeypatch, environment, configured, expected):
    """As AWS's own tools have it."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with closing(product.sqs_client(AwsSettings(endpoint_url=configured))) as client:
        assert client.meta.endpoint_url == expected


def test_a_store_elsewhere_gets_paths_and_no_checksum_trailers(monkeypatch, tmp_path):
    """Also where its endpoint stands in a profile; Amazon's own gets boto3's defaults."""
    file = tmp_path / "config"
    file.write_text(
        "[default]\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = http://own:1\n"
    )
    with closing(product.s3_client(AwsSettings())) as amazon:
        assert amazon.meta.config.request_checksum_calculation == "when_supported"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    with closing(product.s3_client(AwsSettings())) as own:
        assert own.meta.endpoint_url == "http://own:1"
        assert own.meta.config.s3["addressing_style"] == "path"
        assert own.meta.config.request_checksum_calculation == "when_required"
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported")
    with closing(product.s3_client(AwsSettings())) as chosen:
        assert chosen.meta.config.request_checksum_calculation == "when_supported"


def test_aws_own_retry_variables_come_first(monkeypatch):
    """Ours are for those who set none."""
    with closing(product.sqs_client(AwsSettings())) as client:
        assert client.meta.config.retries["mode"] == "standard"
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    with closing(product.sqs_client(AwsSettings())) as client:
        assert client.meta.config.retries["mode"] == "adaptive"
        assert client.meta.config.retries["total_max_attempts"] == 7


def test_a_credentials_file_that_is_renewed_is_read_again(monkeypatch, tmp_path):
    """Without a new process; a file that is empty for a moment changes nothing."""
    file = tmp_path / "credentials"

    def write(key: str) -> None:
        file.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = s\n")

    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    write("FIRST")
    session = credential_files.follow_credential_files(get_session(), every_seconds=0)
    credentials = session.get_credentials()
    assert credentials.get_frozen_credentials().access_key == "FIRST"
    write("SECOND")
    assert credentials.get_frozen_credentials().access_key == "SECOND"
    for incomplete in ("", "[default", "[default]\naws_access_key_id = THIRD\n"):
        file.write_text(incomplete)
        assert credentials.get_frozen_credentials().access_key == "SECOND"


EXPIRED = {
    "Version": 1,
    "AccessKeyId": "k",
    "SecretAccessKey": "never-shown",
    "Expiration": "2020-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (f"echo '{json.dumps(EXPIRED)}'", "expired"),
        ("echo 'Enter the code of your device:'", "no valid AWS credentials"),
        ("sh -c 'echo no network >&2; exit 1'", "no network"),
    ],
)
def test_a_program_that_provides_no_credentials_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, words: str
) -> None:
    """It may do so later; its output, which may contain a secret, is not repeated."""
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = us-east-1\ncredential_process = {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(QueueUnavailable, match=words) as raised, translate_aws_errors("Queue a"):
        product.sqs_client(AwsSettings(endpoint_url="http://127.0.0.1:9")).list_queues()
    assert raised.value.remedy == "Check the program or endpoint that provides them."
    assert "never-shown" not in str(raised.value)
    assert "device" not in str(raised.value)


@pytest.mark.parametrize("named", ["program", "token"])
def test_a_file_of_credentials_that_is_missing_needs_a_person(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str
) -> None:
    """No waiting creates it, so the error names it and ends the start."""
    missing = tmp_path / "missing"
    config = tmp_path / "config"
    config.write_text("[default]\n" + f"credential_process = {missing}\n" * (named == "program"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    if named == "token":
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(missing))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/collector")
    with pytest.raises(AccessDenied, match=str(missing)), translate_aws_errors("Queue a"):
        product.sqs_client(AwsSettings(endpoint_url="http://127.0.0.1:9")).list_queues()


def test_a_region_that_is_none_is_named() -> None:
    with pytest.raises(BadSettings, match=r"AWS_DEFAULT_REGION .*'eu central'"):
        product.sqs_client(AwsSettings(region="eu central"))


@pytest.mark.parametrize("answer", ["<html>", "[]", '{"AccessKeyId": "k"}', json.dumps(EXPIRED)])
def test_an_endpoint_that_returns_no_credentials_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """A sidecar that is starting, or a portal in its place."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/credentials"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        with pytest.raises(QueueUnavailable, match="credentials"), translate_aws_errors("Queue a"):
            product.sqs_client(AwsSettings(endpoint_url="http://127.0.0.1:9")).list_queues()
        server.shutdown()


@pytest.mark.parametrize(
    ("operation", "is_repeated"), [("ReceiveMessage", False), ("SendMessageBatch", True)]
)
def test_a_silent_queue_is_asked_again_only_by_whoever_sends(operation, is_repeated):
    """A long poll that is asked twice would be silent for most of a minute."""
    silence = ReadTimeoutError(endpoint_url="http://127.0.0.1:9")
    with closing(product.sqs_client(AwsSettings(endpoint_url="http://127.0.0.1:9"))) as client:
        model = client.meta.service_model.operation_model(operation)

        def decide() -> object:
            answers = client.meta.events.emit(
                f"needs-retry.sqs.{operation}",
                response=None,
                endpoint=None,
                operation=model,
                attempts=1,
                caught_exception=silence,
                request_dict={"context": {"retries": {"max": 2}}},
            )
            return next((delay for _, delay in answers if delay is not None), None)

        if is_repeated:
            assert decide() is not None
        else:
            with pytest.raises(ReadTimeoutError):
                decide()
