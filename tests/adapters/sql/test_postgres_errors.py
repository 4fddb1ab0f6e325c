"""What PostgreSQL and what stands before it report becomes a sentence that says what to do."""

from __future__ import annotations

import psycopg2
import psycopg2.errors
import pytest
from ingest.adapters.sql.postgres import postgres_dialect
from ingest.adapters.sql.postgres_errors import is_unreadable_url

DIALECT = postgres_dialect("postgresql://me:secret@db.example/runs")
PREFIX = 'connection to server at "db.example" (10.0.0.1), port 5432 failed: '


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("FATAL:  password authentication failed for user me", "refuses the user or the password"),
        ("fe_sendauth: no password supplied", "refuses the user or the password"),
        ('FATAL:  role "me" does not exist', "refuses the user or the password"),
        ('FATAL:  role "me" is not permitted to log in', "refuses the user or the password"),
        ("FATAL:  Tenant or user not found", "refuses the user or the password"),
        ("FATAL:  This RDS Proxy has no credentials for the role me", "refuses the user or the"),
        ("authentication method 10 not supported", "refuses the user or the password"),
        (
            'FATAL:  pg_hba.conf rejects connection for host "::1", database "x", SSL encryption',
            "refuses the user or the password",
        ),
        ('FATAL:  database "runs" does not exist', "does not exist on that server"),
        ("FATAL:  no such database: runs", "does not exist on that server"),
        ('FATAL:  permission denied for database "runs"', "grant it CONNECT"),
        ("FATAL:  sorry, too many clients already", "accepts no more connections"),
        ('FATAL:  too many connections for role "me"', "raise the limit of the server, role or"),
        ('FATAL:  too many connections for database "runs"', "raise the limit of the server, role"),
        ("FATAL:  no more connections allowed (max_client_conn)", "accepts no more connections"),
        ("FATAL:  MaxClientsInSessionMode: max clients reached", "accepts no more connections"),
        ("FATAL:  Timed-out waiting to acquire database connection", "accepts no more connections"),
        (
            'FATAL:  database "runs" is not currently accepting connections',
            "does not accept connections",
        ),
        ('FATAL:  database "runs" is disabled', "does not accept connections"),
        ("ERROR:  The endpoint has been disabled.", "does not accept connections"),
        ("server does not support SSL, but SSL was required", "enable it on the server"),
        ('FATAL:  no pg_hba.conf entry for host "::1", no encryption', "add sslmode=require"),
        ("FATAL:  This RDS proxy requires TLS connections", "add sslmode=require"),
        ("FATAL:  SSL connection is required.", "add sslmode=require"),
        ("session is read-only", "is read-only: it is a standby"),
        ("server is in hot standby mode", "is read-only: it is a standby"),
        ("session is not read-only", "is not the kind of server that target_session_attrs"),
        ("server is not in hot standby mode", "is not the kind of server"),
        ("SSL error: certificate verify failed", "could not be verified"),
        ('root certificate file "/none" does not exist', "could not be verified"),
        ('server certificate for "a" does not match host name "b"', "could not be verified"),
        ("SSL error: certificate is not yet valid", "set the clock of this machine"),
        ("FATAL:  connection requires a valid client certificate", "sslcert and sslkey"),
        ('could not read certificate file "/c": No such file or directory', "sslcert and sslkey"),
        ('private key file "/k" has group or world access', "sslcert and sslkey"),
        ("SSL error: tlsv1 alert unknown ca", "sslcert and sslkey"),
        ("SSL error: sslv3 alert handshake failure", "cannot agree on TLS"),
        ("SSL error: wrong version number", "did not answer as PostgreSQL does"),
        ("received invalid response to SSL negotiation: H", "did not answer as PostgreSQL does"),
        ("FATAL:  pgbouncer cannot connect to server", "is refused by its pooler"),
        ("FATAL:  server login has been failing, try again later", "is refused by its pooler"),
        ("FATAL:  client_login_timeout (server down)", "is refused by its pooler"),
        ("FATAL:  unsupported startup parameter: options", "is refused by its pooler"),
        ("query_wait_timeout", "is refused by its pooler"),
        ("ERROR:  server conn crashed?", "is refused by its pooler"),
        ("FATAL:  the database system is starting up", "try again when it is up"),
        ("FATAL:  the database system is in recovery mode", "try again when it is up"),
        ("FATAL:  the database system is not yet accepting connections", "try again when it is up"),
        ("server closed the connection unexpectedly", "try again when it is up"),
        ("server closed the connection unexpectedly", "not statement mode"),
        ("FATAL:  could not write init file: No space left on device", "is full"),
        ("Too many open files", "raise the limit (ulimit -n)"),
        ('could not translate host name "db.example" to address', "cannot be reached"),
        ("timeout expired", "cannot be reached"),
        ("SSL SYSCALL error: EOF detected", "cannot be reached"),
        ("Connection refused", "cannot be reached"),
        ("FATAL:  words of another year", "refused the connection"),
    ],
)
def test_a_failed_connect_reports_why(text: str, sentence: str) -> None:
    """Such errors have no code, only words."""
    assert sentence in DIALECT.explain(psycopg2.OperationalError(f"{PREFIX}{text}\n"))


@pytest.mark.parametrize(
    "text", ["Network is unreachable", "FATAL:  Your project has exceeded its quota."]
)
def test_what_is_not_known_is_quoted(text: str) -> None:
    """A server's own message says more than a sentence of ours that does not fit."""
    assert text in DIALECT.explain(psycopg2.OperationalError(f"{PREFIX}{text}\n"))


def test_each_of_several_hosts_is_quoted() -> None:
    """The first may be down for good while the second takes no writes yet."""
    text = DIALECT.explain(
        psycopg2.OperationalError(
            'connection to server at "a" (10.0.0.1), port 5432 failed: Connection refused\n'
            "\tIs the server running on that host and accepting TCP/IP connections?\n"
            'connection to server at "b" (10.0.0.2), port 5432 failed: session is read-only\n'
        )
    )
    assert "is read-only" in text
    assert '"a" (10.0.0.1), port 5432 failed: Connection refused; connection to' in text


def test_a_server_that_refuses_with_tls_too_does_not_lack_it() -> None:
    """By default libpq tries both, and reports both."""
    rule = 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "me", database "runs"'
    text = DIALECT.explain(
        psycopg2.OperationalError(
            f"{PREFIX}{rule}, SSL encryption\n{PREFIX}{rule}, no encryption\n"
        )
    )
    assert "sslmode" not in text
    assert "the rules of the server" in text


@pytest.mark.parametrize(
    "text",
    [
        'invalid dsn: invalid connection option "schema"',
        'invalid channel_binding value: "x"',
        "could not match 2 port numbers to 3 hosts",
        'definition of service "x" not found',
    ],
)
def test_an_url_that_libpq_does_not_understand_is_known(text: str) -> None:
    """No waiting changes it."""
    assert is_unreadable_url(psycopg2.OperationalError(text))
    assert "correct DATABASE_URL" in DIALECT.explain(psycopg2.OperationalError(text))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("25P04", "raise the timeouts of its role"),
        ("53400", "lacks memory, disk or another resource"),
        ("57P04", "was dropped"),
        ("58030", "check the server's disk"),
        ("XX001", "is damaged"),
        ("ZZ999", "see the server's log"),
    ],
)
def test_a_code_of_the_server_decides(code: str, sentence: str) -> None:
    """Whatever its words, which can be in another language."""
    error = psycopg2.errors.lookup("53200")("FEHLER: und nun?")
    error.__setstate__({"pgcode": code})
    assert sentence in DIALECT.explain(error)
