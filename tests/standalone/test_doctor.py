"""`doctor` over real servers: each fault is found, with its remedy."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.aws_server import sqs_client
from support.command_line import POWERLESS, TOKEN, CommandLine

WRONG_TOKEN = "ghp_WrongToken0123456789abcd"


def found(report: dict, subject: str) -> dict:
    """Choose the one check whose subject begins so."""
    return next(check for check in report["checks"] if check["subject"].startswith(subject))


def test_where_all_is_well_it_reports_it(cli: CommandLine):
    """Every subject has its line, and the exit code is 0."""
    done = cli.run_new("doctor", "octo/api")
    assert done.returncode == 0, done
    assert "All checks passed." in done.stdout
    for words in (
        "classic token of octocat, scopes admin:repo_hook, repo, workflow",
        "of 5,000 requests are left",
        "clock agrees with GitHub's",
        "octo/api is readable: 2 runs; logs are kept for 90 days",
        "It accepts messages of up to 1,024 KiB",
        "The state can be read and written",
        "No GITHUB_WEBHOOK_SECRET is set",
    ):
        assert words in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_an_error_of_all_queues_is_printed_once(cli: CommandLine):
    """The other queues refer to the first one, without its remedy."""
    done = cli.run("doctor", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert done.stdout.count("The same error as queue ") == 2
    assert done.stdout.count("-> Check AWS_ENDPOINT_URL") == 1


@pytest.mark.parametrize(
    ("environment", "subject", "words"),
    [
        ({"GITHUB_TOKEN": WRONG_TOKEN}, "token-", ["rejected the credential", "GITHUB_TOKEN"]),
        ({"GITHUB_TOKEN": POWERLESS}, "repository octo/api", ["denied access", "read access"]),
        ({"GITHUB_API_URL": "http://127.0.0.1:9"}, "token-", ["could not be reached", "proxy"]),
        (
            {"GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_TOKEN": ""},
            "token",
            ["could not be reached"],
        ),
        ({"METRICS_QUEUE": "none"}, "queue none", ["does not exist", "runstream setup"]),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "queue ", ["reached", "AWS_ENDPOINT_URL"]),
        ({"LOG_BUCKET": "no-such-bucket"}, "bucket no-such", ["does not exist", "setup"]),
        ({"DATABASE_URL": "/dev/full"}, "state", ["full", "DATABASE_URL"]),
        ({"POLL_SECONDS": "soon"}, "settings", ["POLL_SECONDS", "environment"]),
    ],
)
def test_each_fault_is_found_and_its_remedy_named(
    cli: CommandLine, environment: dict[str, str], subject: str, words: list[str]
):
    """What failed says what and what to do, and makes the exit code 1."""
    done = cli.run("doctor", "octo/api", **environment)
    report = cli.json("doctor", "octo/api", **environment)
    check = found(report, subject)
    assert done.returncode == 1
    assert (check["status"], report["ok"]) == ("failed", False)
    for word in words:
        assert word in f"{check['finding']} {check['remedy']}"
        assert word in done.stdout
    assert WRONG_TOKEN not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_app_that_github_does_not_know_is_a_failure(cli: CommandLine):
    """The rest is looked at nevertheless."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    report = cli.json("doctor", GITHUB_APP_ID="1", GITHUB_APP_PRIVATE_KEY=key.decode())
    assert found(report, "app-1")["status"] == "failed"
    assert "GITHUB_APP_PRIVATE_KEY" in found(report, "app-1")["remedy"]
    assert found(report, "queue")["status"] == "ok"


def test_a_repository_that_is_watched_is_looked_at(cli: CommandLine):
    """Those of the state need not be named."""
    cli.run("collect", "octo/web", "--once")
    assert found(cli.json("doctor"), "repository octo/web")["status"] == "ok"


def test_a_state_that_does_not_exist_is_not_created(cli: CommandLine):
    """A file is tried out beside its place; `status` still says that nothing was collected."""
    file = cli.folder / "new.db"
    checks = cli.json("doctor", DATABASE_URL=str(file))
    assert found(checks, "state")["status"] == "ok"
    assert list(cli.folder.iterdir()) == []
    checks = cli.json("doctor", DATABASE_URL=str(cli.folder / "none" / "new.db"))
    assert found(checks, "state")["status"] == "failed"
    assert list(cli.folder.iterdir()) == []


def test_a_queue_without_a_place_for_dead_letters_is_a_warning(cli: CommandLine):
    """A warning is no failure: messages do flow."""
    client = sqs_client(cli.aws)
    url = client.get_queue_url(QueueName=cli.queues["JOB_EVENTS_QUEUE"])["QueueUrl"]
    client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    done = cli.run("doctor", "octo/api")
    assert done.returncode == 0
    assert "has no dead-letter queue" in done.stdout
    assert "No check failed, 1 of 11 with a warning." in done.stdout


def test_looking_leaves_nothing_in_the_queues(cli: CommandLine):
    """Whether a queue takes messages is found without sending any."""
    cli.run("doctor", "octo/api")
    assert [cli.count_messages(setting) for setting in cli.queues] == [0, 0, 0]


def test_without_a_token_it_warns(cli: CommandLine):
    """Public repositories can be watched, slowly and without logs."""
    report = cli.json("doctor", GITHUB_TOKEN="")
    assert found(report, "token")["status"] == "warning"
    assert "60 requests an hour" in found(report, "token")["finding"]


def test_a_source_is_counted_without_what_the_command_leaves_out(cli: CommandLine) -> None:
    report = cli.json("doctor", "octo", "!octo/a*")
    [finding] = [each["finding"] for each in report["checks"] if "octo/*" in each["subject"]]
    assert "1 repository (0 private), 1 left out" in finding
