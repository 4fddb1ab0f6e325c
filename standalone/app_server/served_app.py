"""The app served from here, from its database to its first login."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ingest.settings import Secret

from ..http.server import Address
from ..key_file import load_or_create_key
from ..local.free_port import free_port
from ..local.postgres import LocalPostgres
from ..local.postgres_programs import find_postgres_programs
from ..uplink.link import AppAddress
from .accounts import Account, connected, create_first_account, reset_password, watch_sources
from .app_folder import CHECKOUT, link_app
from .configuration import ServerConfiguration, secrets_from
from .errors import ServerEnded
from .jdbc import jdbc_url, named_database
from .program import find_app_server, require_startable
from .running import AppServer, client_host, listen, start_app_server

if TYPE_CHECKING:
    from ..reverse_proxy.server import ReverseProxy
    from ..reverse_proxy.trusted_proxies import IPNetwork

DEFAULT_PORT = 3030

#: How long a task works: this server starts one every minute, and does not limit its time.
TASK_SECONDS = "50"

_DATABASE = "runstream"
_CHECK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the app is to be served. ``database`` takes precedence over the environment's.

    ``trusted`` are the networks of proxies that may name a client's address. ``email`` is that of
    the first login, and ``reset_password`` that of an account which gets a new password.
    ``sources`` are watched from the start. Without ``is_durable`` a crash may lose the data.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    origin: str | None = None
    database: str | None = field(default=None, repr=False)
    trusted: tuple[IPNetwork, ...] = ()
    email: str = "admin@localhost"
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
        """Return the host and port at which this machine reaches the app."""
        return str(Address(client_host(self.host), self.port))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedApp:
    """An app that is served.

    ``account`` is the first login if it was just created; ``postgres`` is the database if it was
    started here.
    """

    address: str
    proxy: ReverseProxy
    server: AppServer
    uplink: AppAddress
    account: Account | None
    postgres: LocalPostgres | None

    def wait(self, stop: Event) -> None:
        """Wait until ``stop`` is set.

        Raises ServerEnded or LocalPostgresError if a server or the database ends before.
        """
        while not stop.wait(_CHECK_SECONDS):
            self.server.require_alive()
            if not self.proxy.is_alive:
                raise ServerEnded("The reverse proxy has ended: start again.")
            if self.postgres is not None:
                self.postgres.require_alive()


@contextmanager
def open_app_server(
    options: ServeOptions,
    environment: Mapping[str, str],
    *,
    echo: Callable[[str], None],
    stop: Event,
) -> Iterator[ServedApp | None]:
    """Serve the app until the block ends; yield None if ``stop`` is set before it answers.

    ``echo`` prints messages, from other threads too. Raises CannotServe, ServerEnded.
    """
    program = find_app_server(environment)
    require_startable(program, environment, echo)
    with ExitStack() as stack:
        proxy = stack.enter_context(closing(_open_proxy(options)))
        folder = options.folder.absolute()
        configuration = _configure(options, folder, proxy.app_server_port)
        settings = {
            "TASK_SECONDS": TASK_SECONDS,
            "GITHUB_APP_FILE": str(folder / "github-app.json"),
            **{name: value for name, value in environment.items() if value.strip()},
        }
        database, postgres = _choose_database(options, folder, environment, echo, stack)
        configuration = replace(configuration, database=database, secrets=secrets_from(settings))
        echo("Starting the app server.")

        def start(port: int) -> AppServer:
            on_port = replace(configuration, port=port)
            return AppServer(program, on_port, folder, environment=settings, echo=echo)

        server = stack.enter_context(closing(start_app_server(start, proxy, echo=echo, stop=stop)))
        if stop.is_set():
            yield None
            return
        uplink = AppAddress(f"ws://{options.authority}/_/uplink", Secret(configuration.uplink_key))
        yield ServedApp(
            address=options.address,
            proxy=proxy,
            server=server,
            uplink=uplink,
            account=_set_up(options, uplink),
            postgres=postgres,
        )


def _open_proxy(options: ServeOptions) -> ReverseProxy:
    """Listen at the public address, for an app server that listens on the loopback only."""
    from ..reverse_proxy.server import ReverseProxy
    from ..reverse_proxy.trusted_proxies import TrustedProxies

    listener = listen(options.host, options.port)
    return ReverseProxy(listener, free_port(), trusted=TrustedProxies(options.trusted))


def _configure(options: ServeOptions, folder: Path, port: int) -> ServerConfiguration:
    """Create the folders and the key; the caller adds the database and the secrets."""
    data = folder / "data"
    for each in (folder, data):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    return ServerConfiguration(
        app=link_app(options.checkout, folder / "app"),
        data_dir=data,
        origin=options.address,
        port=port,
        uplink_key=load_or_create_key(folder / "uplink.key"),
        database=None,
        secrets={},
    )


def _set_up(options: ServeOptions, uplink: AppAddress) -> Account | None:
    """Create the first login or reset a password, and let the app watch the sources."""
    with connected(uplink):
        if options.reset_password is not None:
            account: Account | None = reset_password(options.reset_password)
        else:
            account = create_first_account(options.email)
        watch_sources(options.sources, backfill_days=options.backfill_days)
    return account


def _choose_database(
    options: ServeOptions,
    folder: Path,
    environment: Mapping[str, str],
    echo: Callable[[str], None],
    stack: ExitStack,
) -> tuple[str | None, LocalPostgres | None]:
    """Choose the database of the Data Tables, and print it.

    Returns its JDBC URL (None: the server's bundled one), and the PostgreSQL started here, if any.
    """
    if options.database is not None:
        echo("State  Data Tables in the PostgreSQL of --database")
        return jdbc_url(options.database), None
    if found := named_database(environment):
        name, url = found
        echo(f"State  Data Tables in the PostgreSQL of {name}")
        return jdbc_url(url), None
    if find_postgres_programs(folder / "postgres" / "data") is None:
        echo(f"State  Data Tables in the app server's PostgreSQL, {folder / 'data'}")
        return None, None
    postgres = stack.enter_context(
        LocalPostgres(folder / "postgres", is_durable=options.is_durable)
    )
    echo(f"State  Data Tables in a PostgreSQL here, {postgres.home}")
    return jdbc_url(postgres.database_url(_DATABASE)), postgres
