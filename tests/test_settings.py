"""Settings are read from anywhere, and everything that is wrong with them is said at once."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.errors import BadSettings
from ingest.settings import (
    AwsSettings,
    CollectingSettings,
    GithubSettings,
    QueueSettings,
    Secret,
    Settings,
    read_settings,
)
from support.strategies import UGLY_TEXT

NAMES = [
    "GITHUB_TOKEN",
    "GITHUB_APP_ID",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_APP_INSTALLATION_ID",
    "GITHUB_API_URL",
    "GITHUB_WEBHOOK_SECRET",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "METRICS_QUEUE",
    "LOGS_QUEUE",
    "JOB_EVENTS_QUEUE",
    "LOG_BUCKET",
    "LOG_MODE",
    "POLL_SECONDS",
    "BACKFILL_DAYS",
    "RETENTION_DAYS",
    "TASK_SECONDS",
    "DATABASE_URL",
    "ANVIL_UPLINK_KEY",
    "ANVIL_UPLINK_URL",
]


def read(**values):
    return read_settings(values.get)


def faults_of(**values):
    with pytest.raises(BadSettings) as refused:
        read(**values)
    assert str(refused.value) == "; ".join(refused.value.faults)
    return refused.value.faults


def test_nothing_set_is_a_whole_configuration():
    """Every setting has a default, with the names that the queues' readers know."""
    settings = read()
    assert settings == Settings()
    assert settings.github.api_url == "https://api.github.com"
    assert not settings.github.has_credentials
    assert settings.queues.metrics_queue == "ci_cd_metrics_queue"
    assert settings.queues.logs_queue == "ci_cd_logs_queue"
    assert settings.queues.job_events_queue == "ci_cd_job_events_queue"
    assert settings.collecting == CollectingSettings(
        poll_seconds=30, backfill_days=1, log_mode="live"
    )


def test_everything_set_is_read():
    """Each by its own name."""
    settings = read(
        GITHUB_TOKEN=" one, two ,one,",
        GITHUB_APP_ID="12",
        GITHUB_APP_PRIVATE_KEY="-----BEGIN RSA PRIVATE KEY-----\nx\n",
        GITHUB_APP_INSTALLATION_ID="34",
        GITHUB_API_URL="https://ghes.example.com/api/v3/",
        GITHUB_WEBHOOK_SECRET="s3cret",
        AWS_ACCESS_KEY_ID="AKIA",
        AWS_SECRET_ACCESS_KEY="key",
        AWS_SESSION_TOKEN="session",
        AWS_DEFAULT_REGION="eu-central-1",
        AWS_ENDPOINT_URL="http://127.0.0.1:4566/",
        METRICS_QUEUE="metrics.fifo",
        LOGS_QUEUE="logs.fifo",
        JOB_EVENTS_QUEUE="events",
        LOG_BUCKET="logs",
        LOG_MODE="economy",
        POLL_SECONDS="15",
        BACKFILL_DAYS="0.5",
        DATABASE_URL="postgresql://localhost/x",
        ANVIL_UPLINK_KEY="server_X",
        ANVIL_UPLINK_URL="wss://anvil.works/uplink",
    )
    assert settings == Settings(
        github=GithubSettings(
            api_url="https://ghes.example.com/api/v3",
            tokens=(Secret("one"), Secret("two")),
            app_id="12",
            app_private_key=Secret("-----BEGIN RSA PRIVATE KEY-----\nx"),
            app_installation_id=34,
            webhook_secret=Secret("s3cret"),
        ),
        aws=AwsSettings(
            region="eu-central-1",
            endpoint_url="http://127.0.0.1:4566",
            access_key_id=Secret("AKIA"),
            secret_access_key=Secret("key"),
            session_token=Secret("session"),
        ),
        queues=QueueSettings(
            metrics_queue="metrics.fifo",
            logs_queue="logs.fifo",
            job_events_queue="events",
            log_bucket="logs",
        ),
        collecting=CollectingSettings(
            poll_seconds=15, backfill_days=0.5, log_mode="economy", expects_webhooks=True
        ),
        database_url="postgresql://localhost/x",
        uplink_key=Secret("server_X"),
        uplink_url="wss://anvil.works/uplink",
    )
    assert settings.github.has_credentials


def test_blank_is_not_set():
    """An empty variable is how people unset one."""
    assert read(**dict.fromkeys(NAMES, "  ")) == Settings()


def test_either_name_of_the_region_will_do():
    """AWS's own tools differ."""
    assert read(AWS_REGION="us-east-2").aws.region == "us-east-2"
    assert read(AWS_REGION="us-east-2", AWS_DEFAULT_REGION="eu-west-1").aws.region == "eu-west-1"


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"POLL_SECONDS": "0"}, "POLL_SECONDS is '0': expected a number from 1 to 600"),
        ({"POLL_SECONDS": "soon"}, "POLL_SECONDS is 'soon'"),
        ({"POLL_SECONDS": "nan"}, "POLL_SECONDS is 'nan'"),
        ({"BACKFILL_DAYS": "-1"}, "BACKFILL_DAYS is '-1'"),
        ({"BACKFILL_DAYS": "inf"}, "BACKFILL_DAYS is 'inf'"),
        ({"LOG_MODE": "LIVE"}, "LOG_MODE is 'LIVE': expected live or economy"),
        ({"GITHUB_APP_ID": "12"}, "GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY belong together"),
        ({"GITHUB_APP_PRIVATE_KEY": "x"}, "GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY"),
        ({"GITHUB_APP_INSTALLATION_ID": "x1"}, "GITHUB_APP_INSTALLATION_ID is 'x1'"),
        ({"GITHUB_APP_INSTALLATION_ID": "9" * 5000}, "expected digits only"),
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong"),
        ({"AWS_SECRET_ACCESS_KEY": "x"}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong"),
        ({"JOB_EVENTS_QUEUE": "events.fifo"}, "JOB_EVENTS_QUEUE must be a standard queue"),
        ({"LOGS_QUEUE": "ci_cd_metrics_queue"}, "must name three different queues"),
        ({"GITHUB_API_URL": "api.github.com"}, "GITHUB_API_URL is not a URL that begins with"),
        ({"GITHUB_API_URL": "ftp://api.github.com"}, "begins with http:// or https://"),
        ({"GITHUB_API_URL": "https://"}, "GITHUB_API_URL is not a URL"),
        ({"GITHUB_API_URL": "https://["}, "GITHUB_API_URL is not a URL"),
        ({"GITHUB_API_URL": "https://api.github.com:port"}, "GITHUB_API_URL is not a URL"),
        ({"GITHUB_API_URL": "https://api. github.com"}, "GITHUB_API_URL is not a URL"),
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, "AWS_ENDPOINT_URL is not a URL"),
        ({"ANVIL_UPLINK_URL": "https://anvil.works"}, "begins with ws:// or wss://"),
    ],
)
def test_a_fault_is_named_with_what_is_expected(values, fault):
    """The name of the setting comes first."""
    (found,) = faults_of(**values)
    assert fault in found


def test_all_faults_are_named_at_once():
    """Nobody starts a collector six times to find six mistakes."""
    faults = faults_of(
        POLL_SECONDS="0",
        LOG_MODE="x",
        GITHUB_APP_ID="1",
        GITHUB_API_URL="x",
        LOGS_QUEUE="q",
        METRICS_QUEUE="q",
        AWS_ACCESS_KEY_ID="a",
    )
    assert len(faults) == 6


@pytest.mark.parametrize("token", ["ghp one", "ghp_é", "ghp_\x7f", "ok,ghp\tx", "ghp_\u200b"])
def test_a_token_with_characters_that_no_token_has_is_not_shown(token):
    """Something was pasted that does not belong there, but the rest of it is secret."""
    (fault,) = faults_of(GITHUB_TOKEN=token)
    assert fault == "GITHUB_TOKEN holds characters that no token has"


def test_a_secret_is_shown_only_on_explicit_access():
    """Logs, errors and a printed configuration do not contain it."""
    settings = read(GITHUB_TOKEN="ghp_secret", ANVIL_UPLINK_KEY="server_secret")
    assert "secret" not in repr(settings).replace("webhook_secret", "").replace("secret_access", "")
    assert f"{settings.github.tokens[0]} {settings.uplink_key!r}" == "Secret(…) Secret(…)"
    assert settings.github.tokens[0].reveal() == "ghp_secret"


@pytest.mark.parametrize("user", ["u:p@ss", "u:p#s", "u:p/s", "u:p?s", "u:p s", "u:[p"])
def test_a_password_that_is_not_escaped_is_a_fault_and_not_shown(user):
    """Its parts would be read as a host, a port or a name."""
    (fault,) = faults_of(DATABASE_URL=f"postgresql://{user}@db.example.com:5432/x")
    assert fault.startswith("DATABASE_URL has a user name or password with reserved characters")
    assert user.partition(":")[2] not in fault


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///runstream.db",
        "postgresql://u:p%40ss@h/x",
        "postgresql://u:p@one:5432,two:5433/x?target_session_attrs=read-write",
        "postgresql://h/x",
    ],
)
def test_the_url_of_a_database_is_left_to_its_adapter(url):
    """Several hosts and escaped passwords included."""
    assert read(DATABASE_URL=url).database_url == url


@pytest.mark.parametrize("value", ['"metrics"', "'metrics'", ' " metrics " '])
def test_quotes_around_a_value_are_dropped(value):
    """As in files of Docker's, which keep them."""
    assert read(METRICS_QUEUE=value).queues.metrics_queue == "metrics"


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("value", ["pa55\nword", "pa55 word", "pa55wörd"])
def test_a_key_of_aws_that_no_header_can_hold_is_a_fault_and_not_shown(
    name: str, value: str
) -> None:
    """A line break is in the middle of a key that was copied from a narrow window."""
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", name: value}
    assert faults_of(**keys) == [f"{name} holds characters that no key of AWS has"]


@pytest.mark.parametrize("value", ["logs", "s3://logs", "s3://logs/", "arn:aws-cn:s3:::logs"])
def test_a_bucket_may_be_given_by_its_url_or_arn(value: str) -> None:
    """As a queue may be."""
    assert read(LOG_BUCKET=value).queues.log_bucket == "logs"


@pytest.mark.parametrize("path", ["", "logs"])
def test_a_bucket_with_a_shared_access_signature_is_a_fault_and_not_shown(path: str) -> None:
    """The addresses of logs in messages, and errors, would have shown it."""
    url = f"https://octo.blob.core.windows.net/{path}?sv=2022-11-02&sig=secret"
    [fault] = faults_of(LOG_BUCKET=url)
    assert fault.startswith("LOG_BUCKET has a query: set it to the URL alone")
    assert "secret" not in fault


def test_quotes_around_the_parts_of_a_value_are_dropped() -> None:
    """A list in a file of Docker's may have them around each part."""
    settings = read(GITHUB_TOKEN='"ghp_a", "ghp_b"', REPOSITORIES="'octo/api','octo/web'")
    assert [token.reveal() for token in settings.github.tokens] == ["ghp_a", "ghp_b"]
    assert list(map(str, settings.sources)) == ["octo/api", "octo/web"]


@pytest.mark.parametrize(
    "value",
    [
        "octo/api octo/web !octo/old-*",  # as compose.yaml passes it to the command line
        "octo/api\nocto/web\n! octo/old-*\n",
        "octo/api,\n  octo/web,\n  !octo/old-*",
    ],
)
def test_sources_may_stand_in_lines_and_between_blanks(value: str) -> None:
    """No name has a blank."""
    assert list(map(str, read(REPOSITORIES=value).sources)) == [
        "octo/api",
        "octo/web",
        "!octo/old-*",
    ]


@pytest.mark.parametrize(
    "value", ["${GITHUB_TOKEN}", "<token>", "Bearer ghp_a", 'ghp_"a', "\ufeffghp_a"]
)
def test_what_no_token_can_be_is_a_fault(value: str) -> None:
    """GitHub would call it wrong, revoked or expired."""
    assert faults_of(GITHUB_TOKEN=value) == ["GITHUB_TOKEN holds characters that no token has"]


@pytest.mark.parametrize(
    ("api_url", "hosts"),
    [
        ("https://api.github.com", ("github.com",)),
        ("https://API.GitHub.com", ("github.com",)),
        ("https://ghes.example.com/api/v3", ("ghes.example.com",)),
        ("https://ghes.example.com:8443/api/v3", ("ghes.example.com",)),
        ("https://api.octocorp.ghe.com", ("octocorp.ghe.com",)),
        ("http://127.0.0.1:8000", ("github.com", "127.0.0.1")),
        ("http://localhost:8000", ("github.com", "localhost")),
        ("http://[::1]:8000", ("github.com", "::1")),
    ],
)
def test_repositories_are_ours_on_the_apis_own_host(api_url, hosts):
    """A GitHub on this machine stands in for github.com."""
    assert read(GITHUB_API_URL=api_url).github.web_hosts == hosts


@pytest.mark.parametrize(
    ("api_url", "web_url"),
    [
        (None, "https://github.com"),
        ("https://API.GitHub.com/", "https://github.com"),
        ("https://ghes.example.com:8443/api/v3", "https://ghes.example.com:8443"),
        ("https://me:secret@ghes.example.com/api/v3", "https://ghes.example.com"),
        ("https://api.octocorp.ghe.com", "https://octocorp.ghe.com"),
        ("https://api.example.com/api/v3", "https://api.example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_people_open_the_host_of_the_api(api_url, web_url):
    """Links to it are on every page, so they hold no password."""
    assert read(GITHUB_API_URL=api_url).github.web_url == web_url


@pytest.mark.parametrize(("value", "seconds"), [(None, 25), ("5", 5), ("3600", 3600), (" 50 ", 50)])
def test_a_task_works_as_long_as_is_set(value, seconds):
    """By default as long as every plan of Anvil lets a task work."""
    assert read(TASK_SECONDS=value).collecting.task_seconds == seconds


@pytest.mark.parametrize("value", ["4", "3601", "nan", "inf", "-5", "long"])
def test_a_task_that_works_for_no_time_or_for_ever_is_a_fault(value):
    """The schedule begins the next one every minute."""
    assert faults_of(TASK_SECONDS=value) == [
        f"TASK_SECONDS is {value!r}: expected a number from 5 to 3600"
    ]


def test_an_app_is_a_credential():
    """No token is needed beside it."""
    assert read(GITHUB_APP_ID="1", GITHUB_APP_PRIVATE_KEY="k").github.has_credentials


@given(
    st.dictionaries(st.sampled_from(NAMES), UGLY_TEXT | st.sampled_from(["https://[", "1", ","]))
)
def test_any_values_are_settings_or_faults(values):
    """Nothing else is raised."""
    with suppress(BadSettings):
        assert 1 <= read(**values).collecting.poll_seconds <= 600


@pytest.mark.parametrize(
    ("retention", "backfill", "kept"), [(None, None, 90), ("66", "1", 66), ("70", "30", 95)]
)
def test_the_ledger_keeps_what_may_still_change_behind_the_backfill(retention, backfill, kept):
    """Whatever was set."""
    settings = read(RETENTION_DAYS=retention, BACKFILL_DAYS=backfill)
    assert settings.collecting.ledger_days == kept


def test_less_than_a_run_may_change_cannot_be_kept():
    """A run that is purged too early would be published again."""
    assert faults_of(RETENTION_DAYS="65") == [
        "RETENTION_DAYS is '65': expected a number from 66 to 36500"
    ]


def test_sources_are_read_by_the_hosts_of_the_api() -> None:
    settings = read_settings(
        {
            "REPOSITORIES": "acme, https://ghe.example.com/acme/shop, !acme/old-*",
            "GITHUB_API_URL": "https://ghe.example.com/api/v3",
        }.get
    )
    assert [str(each) for each in settings.sources] == ["acme/*", "acme/shop", "!acme/old-*"]


def test_every_wrong_source_and_filter_is_a_fault() -> None:
    with pytest.raises(BadSettings) as error:
        read_settings({"REPOSITORIES": "a$b,-x", "LOGS": "some", "BRANCHES": "main,!"}.get)
    text = str(error.value)
    assert [name in text for name in ("'a$b'", "'-x'", "LOGS", "BRANCHES")] == [True] * 4


def test_filters_are_patterns() -> None:
    filters = read_settings({"BRANCHES": "main, !x", "LOGS": "none"}.get).collecting.filters
    assert filters.branches.patterns == ("main", "!x")
    assert (filters.logs, filters.workflows.patterns) == ("none", ())
