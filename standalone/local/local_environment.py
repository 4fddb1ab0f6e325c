"""What `run` starts on this machine if it is not configured: GitHub, SQS and S3, the state."""

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

from ingest.bootstrap.state_stores import DEFAULT_STATE_FILE
from ingest.domain.quotes import unquoted
from ingest.settings import read_settings

from ..environment import lookup_in
from ..output import print_result

#: The sandbox has an hour of past runs, and starts more than one run a minute: 24 an hour in each
#: repository.
REPOSITORY_COUNT = 3
RUNS_PER_HOUR = 24.0
HISTORY_DAYS = 0.04
POLL_SECONDS = "5"

#: The folder of the dashboard's database and keys, as for `serve`.
STATE_FOLDER = ".runstream"

_GITHUB_NAMES = ("GITHUB_TOKEN", "GITHUB_APP_ID", "GITHUB_API_URL")
_CONTAINER_NAMES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(slots=True)
class LocalEnvironment:
    """What `run` chose: settings that take precedence over the environment's, and why.

    ``lines`` are printed, each with a label and at most 80 columns wide. ``live_view_lines`` are
    printed only before the live view, whose state is not that of the dashboard in ``folder``.
    """

    settings: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    live_view_lines: list[str] = field(default_factory=list)
    folder: Path = Path(STATE_FOLDER)
    sources: list[str] = field(default_factory=list)
    has_sandbox: bool = False
    has_local_aws: bool = False


@contextmanager
def open_local_environment(
    sources: Sequence[str], *, environment: Mapping[str, str]
) -> Iterator[LocalEnvironment]:
    """Start those of GitHub, bus and state that are not configured; end them with the block."""
    environment = {name: each for name, value in environment.items() if (each := unquoted(value))}
    local = LocalEnvironment(sources=list(sources))
    with ExitStack() as stack:
        _choose_github(local, stack, environment)
        _choose_bus(local, stack, environment)
        _choose_state(local, stack, environment)
        yield local


def _choose_github(
    local: LocalEnvironment, stack: ExitStack, environment: Mapping[str, str]
) -> None:
    lookup = lookup_in(environment)
    given = next((name for name in _GITHUB_NAMES if lookup(name)), None)
    if given is not None:
        is_set = bool(environment.get(given))
        why = f"as {given} is set" if is_set else "with the App of this machine (github-app)"
        local.lines.append(f"From   GitHub, {why}")
        return
    if local.sources:
        local.lines.append("From   github.com without a token: 60 requests an hour, no logs")
        return
    from ..sandbox.server import SandboxServer
    from ..sandbox.settings import DEFAULT_TOKEN
    from ..sandbox.simulation import simulated_world

    world = simulated_world(
        seed=os.urandom(4).hex(),
        start=time.time(),
        repositories=REPOSITORY_COUNT,
        runs_per_hour=RUNS_PER_HOUR,
        history_days=HISTORY_DAYS,
    )
    server = stack.enter_context(SandboxServer(world))
    local.has_sandbox = True
    local.settings |= {"GITHUB_API_URL": server.url, "GITHUB_TOKEN": DEFAULT_TOKEN}
    if not environment.get("POLL_SECONDS"):
        local.settings["POLL_SECONDS"] = POLL_SECONDS
    local.sources += [each.spec.full_name for each in world.repositories]
    local.lines.append("From   a sandbox GitHub with simulated runs (GITHUB_TOKEN is not set)")


def _choose_bus(local: LocalEnvironment, stack: ExitStack, environment: Mapping[str, str]) -> None:
    queues = read_settings(lookup_in(environment)).queues
    is_sqs = queues.event_bus == "sqs"
    found = find_aws(environment) if is_sqs else "EVENT_BUS"
    if found is not None:
        bus = "SQS" if is_sqs else queues.event_bus
        local.lines.append(f"To     {bus}, configured by {found}")
        local.lines.append(f"Read   {queues.metrics_queue}, {queues.logs_queue}")
        return
    from .aws import LocalAws

    aws = stack.enter_context(LocalAws(echo=print_result))
    local.has_local_aws = True
    local.settings |= aws.environment
    queue = f"{aws.endpoint_url}/0/{queues.metrics_queue}"
    local.lines.append(f"To     SQS and S3 at {aws.endpoint_url} (no AWS credentials were found)")
    local.lines.append(f'Read   curl "{queue}?Action=ReceiveMessage"')


def _choose_state(
    local: LocalEnvironment, stack: ExitStack, environment: Mapping[str, str]
) -> None:
    lines = local.live_view_lines
    if local.has_sandbox:
        local.folder = Path(stack.enter_context(TemporaryDirectory(prefix="runstream-")))
        if os.geteuid() == 0:
            local.folder.chmod(0o711)  # for PostgreSQL, which does not run as root
    if environment.get("DATABASE_URL"):
        lines.append("State  the database of DATABASE_URL")
    elif local.has_sandbox:
        local.settings["DATABASE_URL"] = str(local.folder / DEFAULT_STATE_FILE)
    else:
        lines.append(f"State  {Path(DEFAULT_STATE_FILE).resolve()} (DATABASE_URL is not set)")
    if local.has_sandbox:
        file = local.folder / "settings"
        file.touch(mode=0o600)
        exports = [f"export {name}={shlex.quote(each)}" for name, each in local.settings.items()]
        file.write_text("\n".join([*exports, ""]))
        program = _program(environment)
        lines.append(f"Status source {shlex.quote(str(file))} && {program} status")
        lines.append(f"Next   GITHUB_TOKEN=... AWS_PROFILE=... {program} run OWNER/REPO")


def _program(environment: Mapping[str, str]) -> str:
    """Return the command that starts Runstream in a shell: a quoted path if not on PATH."""
    if shutil.which("runstream", path=environment.get("PATH")):
        return "runstream"
    file, here = Path(sys.executable).with_name("runstream"), Path.cwd()
    return shlex.quote(str(file.relative_to(here) if file.is_relative_to(here) else file))


def find_aws(environment: Mapping[str, str]) -> str | None:
    """Return what configures AWS; None if nothing does.

    This is boto3's search for credentials without its last places, the metadata services of
    containers and virtual machines, which would need the network. A container with such a service
    has an environment variable for it.
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
        return "AWS's configuration"  # it is invalid; its first use explains why
    return None if found is None else f"what AWS calls {found.method}"
