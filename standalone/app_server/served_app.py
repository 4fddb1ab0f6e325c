"""The app served from here, from its database to its first login."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ingest.settings import Secret

from ..local.free_port import free_port
from ..local.postgres import LocalPostgres
from ..local.postgres_programs import find_programs
from ..private_files import load_or_make_key
from ..uplink.link import AppAddress
from .app_folder import CHECKOUT, link_app
from .configuration import ServerConfiguration, secrets_from
from .errors import ServerEnded
from .first_account import (
    Account,
    connected,
    create_first_account,
    reset_password,
    watch_sources,
)
from .jdbc import is_postgres, jdbc_url
from .program import find_program, require_startable
from .running import AppServer, listen, reachable
from .starting import start_app_server

if TYPE_CHECKING:
    from ..reverse_proxy import IPNetwork, ReverseProxy

DEFAULT_PORT = 3030
DEFAULT_HOST = "127.0.0.1"
DEFAULT_EMAIL = "admin@localhost"

#: An app server of one's own sets tasks no limit: they work for most of their minute.
TASK_SECONDS = "50"

_DATABASE = "runstream"
_CHECK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the app is to be served. ``database`` comes before the environment's.

    ``trusted`` are the networks of proxies that may name a client's address.
    ``sources`` are watched from the start; ``is_durable`` false is for what may be lost.
    """

    folder: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    origin: str | None = None
    database: str | None = field(default=None, repr=False)
    trusted: tuple[IPNetwork, ...] = ()
    email: str = DEFAULT_EMAIL
    reset_password: str | None = None
    checkout: Path = CHECKOUT
    sources: tuple[str, ...] = ()
    backfill_days: float = 1
    is_durable: bool = True

    @property
    def address(self) -> str:
        """Return the address where people open the app."""
        if self.origin is not None:
            return self.origin.rstrip("/")
        return f"http://{self.authority}"

    @property
    def authority(self) -> str:
        """Name host and port as this machine reaches them."""
        host = reachable(self.host)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedApp:
    """An app that is served.

    ``account`` is the first login, where it was created just now; ``postgres`` is the database that
    was started for it.
    """

    address: str
    proxy: ReverseProxy
    server: AppServer
    uplink: AppAddress
    account: Account | None
    postgres: LocalPostgres | None

    def wait(self, stop: Event) -> None:
        """Wait until ``stop`` is set.

        Raises ServerEnded or LocalPostgresError where the server or its database ends before.
        """
        while not stop.wait(_CHECK_SECONDS):
            self.server.require_alive()
            if not self.proxy.is_alive:
                raise ServerEnded("What answers at the app's address has ended: start again.")
            if self.postgres is not None:
                self.postgres.require_alive()


@contextmanager
def open_app_server(
    plan: ServeOptions,
    environment: Mapping[str, str],
    *,
    echo: Callable[[str], None],
    stop: Event,
) -> Iterator[ServedApp | None]:
    """Serve the app until the block ends; None where ``stop`` was set before it answered.

    ``echo`` prints messages, from other threads too. Raises CannotServe, ServerEnded.
    """
    program = find_program(environment)
    require_startable(program, environment, echo)
    with ExitStack() as opened:
        proxy = opened.enter_context(closing(_listen(plan)))
        folder = plan.folder.absolute()
        configuration = _configure(plan, folder, proxy.server_port)
        settings = {
            "TASK_SECONDS": TASK_SECONDS,
            "GITHUB_APP_FILE": str(folder / "github-app.json"),
            **_set_values(environment),
        }
        database, postgres = _choose_database(plan, folder, environment, echo, opened)
        configuration = replace(configuration, database=database, secrets=secrets_from(settings))
        echo("Starting the app server.")

        def start(port: int) -> AppServer:
            on_port = replace(configuration, port=port)
            return AppServer(program, on_port, folder, environment=settings, echo=echo)

        server = opened.enter_context(closing(start_app_server(start, proxy, echo=echo, stop=stop)))
        if stop.is_set():
            yield None
            return
        uplink = AppAddress(f"ws://{plan.authority}/_/uplink", Secret(configuration.uplink_key))
        yield ServedApp(
            address=plan.address,
            proxy=proxy,
            server=server,
            uplink=uplink,
            account=_prepare(plan, uplink),
            postgres=postgres,
        )


def _listen(plan: ServeOptions) -> ReverseProxy:
    """Answer at the public address from now on, for a server that listens on this machine only."""
    from ..reverse_proxy import ReverseProxy, TrustedProxies

    listener = listen(plan.host, plan.port)
    return ReverseProxy(listener, free_port(), trusted=TrustedProxies(plan.trusted))


def _configure(plan: ServeOptions, folder: Path, port: int) -> ServerConfiguration:
    """Make the folders and the key; the database and secrets are added."""
    data = folder / "data"
    for each in (folder, data):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    return ServerConfiguration(
        app=link_app(plan.checkout, folder / "app"),
        data_dir=data,
        origin=plan.address,
        port=port,
        uplink_key=load_or_make_key(folder / "uplink.key"),
        database=None,
        secrets={},
    )


def _prepare(plan: ServeOptions, uplink: AppAddress) -> Account | None:
    """Make the first login, and let the app watch what it is to watch."""
    with connected(uplink):
        if plan.reset_password is not None:
            account: Account | None = reset_password(plan.reset_password)
        else:
            account = create_first_account(plan.email)
        watch_sources(plan.sources, backfill_days=plan.backfill_days)
    return account


def _set_values(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is set to nothing, which is as good as not set."""
    return {name: value for name, value in environment.items() if value.strip()}


def _choose_database(
    plan: ServeOptions,
    folder: Path,
    environment: Mapping[str, str],
    echo: Callable[[str], None],
    opened: ExitStack,
) -> tuple[str | None, LocalPostgres | None]:
    """Choose the database of the Data Tables, and print it; None leaves it to the server's own.

    Returns its JDBC URL, and the PostgreSQL that was started for it.
    """
    if plan.database is not None:
        echo("State  Data Tables in the PostgreSQL of --database")
        return jdbc_url(plan.database), None
    for name in ("ANVIL_DATABASE_URL", "DATABASE_URL"):
        url = environment.get(name, "").strip()
        if url and (is_postgres(url) or name == "ANVIL_DATABASE_URL"):
            echo(f"State  Data Tables in the PostgreSQL of {name}")
            return jdbc_url(url), None
    if find_programs(folder / "postgres" / "data") is None:
        echo(f"State  Data Tables in the app server's PostgreSQL, {folder / 'data'}")
        return None, None
    postgres = opened.enter_context(LocalPostgres(folder / "postgres", is_durable=plan.is_durable))
    echo(f"State  Data Tables in a PostgreSQL here, {postgres.home}")
    return jdbc_url(postgres.database_url(_DATABASE)), postgres
