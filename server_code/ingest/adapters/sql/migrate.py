"""Migration of a database's tables to the version of this release."""

from __future__ import annotations

from ...errors import BadSettings
from .database import Database
from .schema import MIGRATIONS
from .session import Session

_VERSION = "SELECT version FROM schema_version"


def migrate(database: Database, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Bring the tables up to date; processes that start at once do it one after another.

    Tables that are up to date are only read: a standby or a locked file can still be opened.
    Raises BadSettings where a newer Runstream has made the tables, and changes nothing then.
    """
    if not database.has_tables() or database.read(_VERSION) != [(len(migrations),)]:
        database.write(lambda session: _migrate(session, migrations))


def _migrate(session: Session, migrations: tuple[tuple[str, ...], ...]) -> None:
    if session.dialect.lock_schema is not None:
        session.query(session.dialect.lock_schema)
    version = _read_version(session)
    if version > len(migrations):
        raise BadSettings([_too_new(session.dialect.display_name, version, len(migrations))])
    for statement in (statement for step in migrations[version:] for statement in step):
        session.execute(_in_dialect(statement, session))
    session.execute("UPDATE schema_version SET version = ?", (len(migrations),))


def _read_version(session: Session) -> int:
    session.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    rows = session.query(_VERSION)
    if not rows:
        session.execute("INSERT INTO schema_version (version) VALUES (0)")
    return int(rows[0][0]) if rows else 0


def _in_dialect(statement: str, session: Session) -> str:
    dialect = session.dialect
    return statement.format(
        text=dialect.text,
        big_integer=dialect.big_integer,
        bytes=dialect.bytes,
        identity=dialect.identity,
    )


def _too_new(database: str, found: int, known: int) -> str:
    return (
        f"{database} has tables of version {found}, and this Runstream knows version {known}:"
        " update Runstream, or name another database in DATABASE_URL"
    )
