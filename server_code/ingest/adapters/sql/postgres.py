"""PostgreSQL through psycopg2, which only hosts that use it need to install."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ...errors import BadSettings, StateUnavailable
from .dialect import Connection, Dialect

if TYPE_CHECKING:
    from types import ModuleType

    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - it is a class

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 30

#: A server takes 100 by default, and several processes share it.
_MAX_CONNECTIONS = 10

#: Any number will do, as long as every version of Runstream takes the same one.
_SCHEMA_LOCK = 7_205_871_301

#: Of a transaction and not of the session: behind a pooler in transaction mode, such as PgBouncer,
#: the next session of the server is another program's. As a connect option poolers refuse it.
_LIMIT = f"SET LOCAL statement_timeout = {1000 * STATEMENT_SECONDS}"

#: Notice a dead server or network although no answer comes (seconds; the last in milliseconds).
#: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_CONNECT_OPTIONS: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 1000 * (STATEMENT_SECONDS + CONNECT_SECONDS),
    "application_name": "runstream",
}

_DISK_FULL = "53100"

#: Also 25P03 and 25P04, with which the server ends a connection that was idle for too long.
_LOST_OR_CONFLICTING = ("08", "25P03", "25P04", "40", "57P")

#: https://www.postgresql.org/docs/current/errcodes-appendix.html, the longest match counts.
_FAULTS = {
    "08": "cannot be reached; check that it runs and that DATABASE_URL names its host and port",
    "08P01": "is refused by its pooler ({text}); check the limits and the server of the pooler",
    "DSN": "cannot be named so ({text}); correct DATABASE_URL",
    "22": "was given a value that its column cannot hold ({text}); please report this",
    "25006": "is read-only: it is a standby or in maintenance; it is tried again, else name the "
    "primary in DATABASE_URL",
    "25P03": "ended an idle connection ({text}); raise the idle timeouts of its role and server",
    "28": "refuses the user or the password; correct DATABASE_URL",
    "3D000": "does not exist on that server; create it, or correct the name in DATABASE_URL",
    "40": "undid a transaction because of others twice; try again",
    "3F": "has no schema for the tables; name one in the role's search_path, and let it create "
    "tables there",
    "42501": "does not let this user create or use the tables; grant it the rights to the schema",
    "42P01": "has lost a table ({text}); check the role's search_path, restore a copy, or name an "
    "empty database in DATABASE_URL",
    _DISK_FULL: "is full: its disk has no space left; free some space",
    "53200": "is out of memory; give it more, or let it serve fewer clients",
    "53300": "accepts no more connections ({text}); raise the limit of the server, role or "
    "database, or run fewer processes",
    "55000": "does not accept connections ({text}); allow them, or name another database",
    "55P03": "has been locked by another program for too long ({text}); look for long transactions",
    "CERT": "did not prove who it is ({text}); set sslrootcert, or correct the host",
    "TLS": "has no TLS, which DATABASE_URL requires; enable it on the server, or change sslmode",
    "noTLS": "requires TLS; add sslmode=require to DATABASE_URL",
    "57014": "gave no answer within {seconds} seconds; look for long transactions and its load",
    "57P": "is starting, shutting down or ended the connection; try again when it is up",
}

#: A connection that fails or ends may leave no code, only the words of libpq and of the server.
_CONNECT_FAULTS = (
    ("invalid dsn", "DSN"),
    ("invalid URI", "DSN"),
    ("invalid port number", "DSN"),
    ("invalid integer value", "DSN"),
    ("invalid sslmode value", "DSN"),
    ("invalid target_session_attrs value", "DSN"),
    ("certificate", "CERT"),
    ("too many connections", "53300"),
    ("no more connections allowed", "53300"),
    ("not currently accepting connections", "55000"),
    ("does not support SSL", "TLS"),
    ("no encryption", "noTLS"),
    ("SSL off", "noTLS"),
    ("read-only", "25006"),
    ("hot standby", "25006"),
    ("authentication failed", "28"),
    ("no password supplied", "28"),
    ("no pg_hba.conf entry", "28"),
    ("no such user", "28"),
    ("user not found", "28"),
    ("no such database", "3D000"),
    ("cannot connect to server", "08P01"),
    ("server login", "08P01"),
    ("query_wait_timeout", "08P01"),
    ('role "', "28"),
    ('database "', "3D000"),
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
    ("starting up", "57P"),
    ("shutting down", "57P"),
    ("terminating connection", "57P"),
    ("closed the connection", "57P"),
)


def postgres_dialect(url: str) -> Dialect:
    """Describe the PostgreSQL database of a ``postgresql://`` URL; raises BadSettings."""
    psycopg2 = _psycopg2()
    place = _place(url)
    explain = _explanation_for(place, secrets=_secrets(urlsplit(url)))
    return Dialect(
        place=place,
        placeholder="%s",
        begin=f"BEGIN; {_LIMIT}",
        begin_read=f"BEGIN READ ONLY; {_LIMIT}",
        find_version_table="SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL",
        lock_schema=f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})",
        skip_locked="FOR UPDATE SKIP LOCKED",
        big_integer="BIGINT",
        # Bytewise order, as SQLite's, and the fastest.
        text='TEXT COLLATE "C"',
        bytes="BYTEA",
        identity="BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        max_connections=_MAX_CONNECTIONS,
        connect=lambda: _connect(url, explain),
        reset=_reset,
        errors=(psycopg2.Error,),
        may_repeat=_may_repeat,
        is_full=_is_full,
        explain=explain,
    )


def _psycopg2() -> ModuleType:
    try:
        import psycopg2
    except ImportError as error:
        fault = "DATABASE_URL names PostgreSQL, which needs psycopg2: pip install psycopg2-binary"
        raise BadSettings([fault]) from error
    return psycopg2


def _connect(url: str, explain: Callable[[Exception], str]) -> Connection:
    """Connect, each statement its own transaction until one is begun.

    Raises StateUnavailable itself and without a cause, for the cause may show the password.
    """
    import psycopg2

    try:
        connection: PostgresConnection = psycopg2.connect(url, **_CONNECT_OPTIONS)
        connection.autocommit = True
    except psycopg2.Error as error:
        if _code_of(error, str(error)) == "DSN":
            raise BadSettings([explain(error)]) from None
        raise StateUnavailable(explain(error)) from None
    return connection


def _is_full(error: Exception) -> bool:
    return getattr(error, "pgcode", None) == _DISK_FULL


def _reset(connection: PostgresConnection, error: BaseException) -> bool:
    """Roll back after an error of the caller; False after one of the server.

    What the server has changed since (the primary, the settings of the role) applies to new
    connections only.
    """
    import psycopg2
    from psycopg2.extensions import TRANSACTION_STATUS_IDLE

    if isinstance(error, (psycopg2.Error, StateUnavailable)):
        return False
    try:
        if connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
    except psycopg2.Error:
        return False
    return connection.closed == 0


def _may_repeat(error: Exception) -> bool:
    """Return whether the connection was lost, or other transactions conflicted."""
    import psycopg2

    code: str | None = getattr(error, "pgcode", None)
    if code is None:
        return isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError))
    return code.startswith(_LOST_OR_CONFLICTING)


def _explanation_for(place: str, *, secrets: frozenset[str]) -> Callable[[Exception], str]:
    def explain(error: Exception) -> str:
        text = next(iter(str(error).strip().splitlines()), type(error).__name__)
        for secret in secrets:
            text = text.replace(secret, "***")
        code = getattr(error, "pgcode", None) or _code_of(error, text)
        for length in (5, 3, 2):
            sentence = _FAULTS.get(code[:length])
            if sentence is not None:
                return f"{place} {sentence.format(text=text, seconds=STATEMENT_SECONDS)}."
        name = f"{type(error).__name__} {code}".rstrip()
        return f"{place} failed ({name}: {text}); see the server's log."

    return explain


def _code_of(error: Exception, text: str) -> str:
    """Guess the code of an error that has none; a connection without other words is lost."""
    import psycopg2

    is_lost = isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError))
    return next((code for words, code in _CONNECT_FAULTS if words in text), "08" if is_lost else "")


def _place(url: str) -> str:
    parts = urlsplit(url)
    name = f"The PostgreSQL database {parts.path.lstrip('/')!r}"
    hosts = parts.netloc.rpartition("@")[2]
    if "," in hosts:  # libpq tries one after the other
        return f"{name} at {hosts}"
    try:
        port = parts.port or 5432
    except ValueError:
        fault = "DATABASE_URL has no number for a port; in a password write / as %2F and @ as %40"
        raise BadSettings([fault]) from None
    host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
    return f"{name} at {host}:{port}"


def _secrets(parts: SplitResult) -> frozenset[str]:
    given = [parts.password or "", *parse_qs(parts.query).get("password", [])]
    return frozenset(text for secret in given for text in (secret, unquote(secret)) if text)
