"""What PostgreSQL, its poolers and libpq report, as a sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Callable

#: https://www.postgresql.org/docs/current/errcodes-appendix.html, the longest match counts.
#: Keys in words are Runstream's own codes, for errors without a code.
_EXPLANATIONS = {
    "08": "cannot be reached ({text}); check that it runs and that DATABASE_URL names its host and "
    "port",
    "08P01": "is refused by its pooler ({text}); check the limits and the server of the pooler",
    "22": "was given a value that its column cannot hold ({text}); please report this",
    "25006": "is read-only: it is a standby or in maintenance ({text}); it is tried again, else "
    "name the primary in DATABASE_URL",
    "25P03": "ended an idle connection ({text}); raise the idle timeouts of its role and server",
    "25P04": "ended a transaction that took too long ({text}); raise the timeouts of its role",
    "28": "refuses the user or the password ({text}); correct DATABASE_URL, or the rules of the "
    "server",
    "3D000": "does not exist on that server; create it, or correct the name in DATABASE_URL",
    "40": "rolled back a transaction twice because of others; try again",
    "3F": "has no schema for the tables; name one in the role's search_path, and let it create "
    "tables there",
    "42501": "does not let this user create or use the tables ({text}); grant it the rights to the "
    "schema",
    "42P01": "has lost a table ({text}); check the role's search_path, restore a copy, or name an "
    "empty database in DATABASE_URL",
    "53": "lacks memory, disk or another resource ({text}); see the server's log",
    "53100": "is full: its disk has no space left; free some space",
    "53200": "is out of memory; give it more, or let it serve fewer clients",
    "53300": "accepts no more connections ({text}); raise the limit of the server, role or "
    "database, or run fewer processes",
    "55000": "does not accept connections ({text}); allow them, or name another database",
    "55P03": "has been locked by another program for too long ({text}); look for long transactions",
    "57014": "gave no answer within {seconds} seconds ({text}); look for long transactions and its "
    "load",
    "57P": "is starting, shutting down or ended the connection ({text}); try again when it is up",
    "closed": "ended the connection ({text}); try again when it is up; a pooler must use "
    "transaction or session mode, not statement mode",
    "57P04": "was dropped ({text}); name another database",
    "58": "cannot read or write its files ({text}); check the server's disk",
    "XX001": "is damaged ({text}); restore a copy",
    "XX002": "is damaged ({text}); rebuild its indexes (REINDEX), or restore a copy",
    "attributes": "is not the kind of server that target_session_attrs in DATABASE_URL requires "
    "({text}); set that to read-write",
    "clock": "has a certificate that is not valid yet ({text}); set the clock of this machine",
    "certificate": "has a certificate that could not be verified ({text}); set sslrootcert, or "
    "correct the host",
    "client certificate": "requires a certificate of this client ({text}); correct sslcert and "
    "sslkey",
    "connect right": "does not let this user connect ({text}); grant it CONNECT on the database",
    "dsn": "has no valid URL ({text}); correct DATABASE_URL",
    "no PostgreSQL": "did not answer as PostgreSQL does ({text}); check the host and the port in "
    "DATABASE_URL",
    "no TLS": "has no TLS, which DATABASE_URL requires; enable it on the server, or change sslmode",
    "open files": "cannot be reached, because too many files are open on this machine ({text}); "
    "raise the limit (ulimit -n)",
    "refused": "refused the connection ({text}); correct what it names, or see the server's log",
    "TLS": "cannot agree on TLS with this machine ({text}); check sslmode and the server's "
    "certificates",
    "TLS required": "requires TLS; add sslmode=require to DATABASE_URL",
}

#: A failed connection may have no code, only a message of libpq, the server or a pooler. Each entry
#: is a code, and patterns of the messages that stand for it. The first match counts.
_PATTERNS = tuple(
    (re.compile("|".join(patterns), re.IGNORECASE), code)
    for code, *patterns in (
        ("dsn", r"invalid (dsn|URI|port number|integer value|connection option|\w+ value:)"),
        ("dsn", r"could not match \d+ ", "percent-encoded", r"service (file )?\".*\" not found"),
        ("client certificate", "client certificate", "private key"),
        ("client certificate", "could not read certificate file"),
        ("client certificate", "alert (unknown ca|bad certificate|certificate)"),
        ("clock", "certificate is not yet valid"),
        ("certificate", "certificate"),
        ("53300", "too many (connections|clients)", "remaining connection slots"),
        ("53300", "no more connections allowed", r"max_?\w*(clients|connections)", "max clients"),
        ("53300", "waiting to acquire database connection"),
        ("open files", "too many open files"),
        # libpq may try with and without TLS: a text that names both tries requires no TLS.
        ("TLS required", r"^(?!.*SSL (encryption|on\b)).*(no encryption|SSL off)"),
        ("TLS required", "requires TLS", "(SSL|TLS) connection is required"),
        ("no TLS", "does not support SSL"),
        ("55000", "not currently accepting connections", "is (disabled|paused)", "been disabled"),
        ("attributes", "is not read-only", "is not in hot standby"),
        ("25006", "read-only", "hot standby"),
        # PgBouncer in statement mode ends a connection at BEGIN, and says why in its own log only.
        ("closed", "closed the connection"),
        ("57P", "starting up", "shutting down", "recovery mode"),
        ("57P", "not (yet )?accepting connections", "terminating connection"),
        ("08P01", "cannot connect to server", "server login", "bouncer", "server conn crashed"),
        ("08P01", "query_wait_timeout", "client_login_timeout", "unsupported startup parameter"),
        ("connect right", "permission denied for database"),
        ("28", "authentication (failed|method)", "no password supplied", r"pg_hba\.conf"),
        ("28", "no such user", "user not found", "invalid username", "SCRAM authentication"),
        ("28", r"role \".*\" (does not exist|is not permitted)", "no credentials for"),
        ("3D000", r"database \".*\" does not exist", "no such database"),
        ("53100", "no space left"),
        ("no PostgreSQL", "wrong version number", "response to SSL negotiation"),
        ("no PostgreSQL", "expected authentication request", "unsupported frontend protocol"),
        ("TLS", "SSL error"),
        ("refused", r"(?-i:\b(FATAL|PANIC|ERROR):)"),
    )
)


def make_explainer(
    database: str, *, secrets: frozenset[str], statement_seconds: int
) -> Callable[[Exception], str]:
    """Return the function that explains errors of a database; it shows none of the secrets."""

    def explain(error: Exception) -> str:
        text = _reported(error)
        for secret in secrets:
            text = text.replace(secret, "***")
        code = _code_of(error, text)
        for length in (len(code), 3, 2):
            sentence = _EXPLANATIONS.get(code[:length])
            if sentence is not None:
                return f"{database} {sentence.format(text=text, seconds=statement_seconds)}."
        name = f"{type(error).__name__} {code}".rstrip()
        return f"{database} failed ({name}: {text}); see the server's log."

    return explain


def is_unreadable_url(error: Exception) -> bool:
    """Return whether libpq did not understand the URL, which no waiting changes."""
    return _code_of(error, _reported(error)) == "dsn"


def _reported(error: Exception) -> str:
    """Return the first line of an error; of a connection to several hosts, what each reported."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    hosts = [line for line in lines if line.startswith("connection to server")]
    return "; ".join(hosts) or next(iter(lines), type(error).__name__)


def _code_of(error: Exception, text: str) -> str:
    """Return the code of an error; where it has none, the code for its message.

    An error of the connection with an unknown message stands for a lost connection.
    """
    import psycopg2

    code = getattr(error, "pgcode", None)
    if code is not None:
        return str(code)
    is_lost = isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError))
    unknown = "08" if is_lost else ""
    return next((code for pattern, code in _PATTERNS if pattern.search(text)), unknown)
