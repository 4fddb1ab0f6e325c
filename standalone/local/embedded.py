"""Everything on this machine: what `run` starts where nothing of one's own is configured."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest.bootstrap.states import DEFAULT_STATE_FILE

from ..output import print_result

#: A world in which something happens every minute, with an hour or two of history.
REPOSITORIES = 3
RUNS_PER_HOUR = 24.0
HISTORY_DAYS = 0.04
POLL_SECONDS = "5"

#: Where the dashboard's database and keys are kept, as `serve` does.
STATE_FOLDER = ".runstream"

_GITHUB_NAMES = ("GITHUB_TOKEN", "GITHUB_APP_ID", "GITHUB_API_URL")
_CONTAINER_NAMES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(slots=True)
class LocalEnvironment:
    """The chosen defaults: settings that come before the environment's, and why.

    ``messages`` are lines with a label, each at most as wide as a terminal of 80 columns.
    ``messages_on_terminal`` is what concerns the live view alone: its state is not the dashboard's,
    which is kept in ``folder``.
    """

    settings: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    messages_on_terminal: list[str] = field(default_factory=list)
    folder: Path = Path(STATE_FOLDER)
    sources: list[str] = field(default_factory=list)
    has_sandbox: bool = False
    has_local_aws: bool = False


@contextmanager
def open_local_environment(
    sources: Sequence[str], *, environment: Mapping[str, str]
) -> Iterator[LocalEnvironment]:
    """Start a GitHub, an AWS and a state where none is configured; they end with the block."""
    chosen = LocalEnvironment(sources=list(sources))
    with ExitStack() as opened:
        _choose_github(chosen, opened, environment)
        _choose_aws(chosen, opened, environment)
        _choose_state(chosen, opened, environment)
        yield chosen


def _choose_github(
    chosen: LocalEnvironment, opened: ExitStack, environment: Mapping[str, str]
) -> None:
    given = next((name for name in _GITHUB_NAMES if environment.get(name)), None)
    if given is not None:
        chosen.messages.append(f"From   GitHub, as {given} is set")
        return
    if chosen.sources:
        chosen.messages.append("From   github.com without a token: 60 requests an hour, no logs")
        return
    from ..sandbox.server import SandboxServer
    from ..sandbox.settings import DEFAULT_TOKEN
    from ..sandbox.simulation import simulated_world

    context = simulated_world(
        seed=os.urandom(4).hex(),
        start=time.time(),
        repositories=REPOSITORIES,
        runs_per_hour=RUNS_PER_HOUR,
        history_days=HISTORY_DAYS,
    )
    server = opened.enter_context(SandboxServer(context))
    chosen.has_sandbox = True
    chosen.settings |= {"GITHUB_API_URL": server.url, "GITHUB_TOKEN": DEFAULT_TOKEN}
    if not environment.get("POLL_SECONDS"):
        chosen.settings["POLL_SECONDS"] = POLL_SECONDS
    chosen.sources += [each.spec.full_name for each in context.repositories]
    chosen.messages.append("From   a sandbox GitHub with simulated runs (GITHUB_TOKEN is not set)")


def _choose_aws(
    chosen: LocalEnvironment, opened: ExitStack, environment: Mapping[str, str]
) -> None:
    found = aws_in(environment)
    if found is not None:
        chosen.messages.append(f"To     SQS, configured by {found}")
        chosen.messages.append("Read   ci_cd_metrics_queue and ci_cd_logs_queue, as any SQS queue")
        return
    from .aws import LocalAws

    local = opened.enter_context(LocalAws(echo=print_result))
    chosen.has_local_aws = True
    chosen.settings |= local.environment
    queue = f"{local.endpoint_url}/0/{environment.get('METRICS_QUEUE') or 'ci_cd_metrics_queue'}"
    chosen.messages.append(
        f"To     SQS and S3 at {local.endpoint_url} (no AWS credentials were found)"
    )
    chosen.messages.append(f'Read   curl "{queue}?Action=ReceiveMessage"')


def _choose_state(
    chosen: LocalEnvironment, opened: ExitStack, environment: Mapping[str, str]
) -> None:
    lines = chosen.messages_on_terminal
    if chosen.has_sandbox:
        chosen.folder = Path(opened.enter_context(TemporaryDirectory(prefix="runstream-")))
        if os.geteuid() == 0:
            chosen.folder.chmod(0o711)  # for PostgreSQL, which does not run as root
    if environment.get("DATABASE_URL"):
        lines.append("State  the database of DATABASE_URL")
    elif chosen.has_sandbox:
        chosen.settings["DATABASE_URL"] = str(chosen.folder / DEFAULT_STATE_FILE)
    else:
        lines.append(f"State  {Path(DEFAULT_STATE_FILE).resolve()} (DATABASE_URL is not set)")
    if chosen.has_sandbox:
        file = chosen.folder / "settings"
        file.touch(mode=0o600)
        exports = [f"export {name}={shlex.quote(each)}" for name, each in chosen.settings.items()]
        file.write_text("\n".join([*exports, ""]))
        program = _program(environment)
        lines.append(f"Status source {file} && {program} status")
        lines.append(f"Next   GITHUB_TOKEN=... AWS_PROFILE=... {program} run OWNER/REPO")


def _program(environment: Mapping[str, str]) -> str:
    """Return what starts Runstream in the user's shell; in a checkout it may be off the path."""
    if shutil.which("runstream", path=environment.get("PATH")):
        return "runstream"
    file, here = Path(sys.executable).with_name("runstream"), Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def aws_in(environment: Mapping[str, str]) -> str | None:
    """Return what locates AWS; None where nothing does. Asks no network.

    boto3's own search is the judge, but for the last places it looks: services in the network
    of a container or a virtual machine. A container that has one says so in its environment.
    """
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", *_CONTAINER_NAMES):
        if environment.get(name):
            return name
    from botocore.credentials import create_credential_resolver
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    try:
        resolver = create_credential_resolver(get_session())
        for place in ("container-role", "iam-role"):
            resolver.remove(place)
        found = resolver.load_credentials()
    except BotoCoreError:
        return "AWS's configuration"  # it is there and wrong, which its first use will explain
    return None if found is None else f"what AWS calls {found.method}"
