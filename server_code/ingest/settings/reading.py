"""Reading all settings from a lookup of names; all faults are reported at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from ..domain.filters import Filters
from ..domain.quotes import unquoted
from ..domain.sources import SourcePattern, parse_sources
from ..errors import BadSettings, InvalidRepository
from .collecting import CollectingSettings, SelectionSettings
from .collector import SETTINGS, Settings
from .github import GithubSettings
from .queues import AwsSettings, AzureSettings, QueueSettings
from .setting import Setting

#: Returns the value of a setting by its name in capitals; None where it is not set.
LookUpSetting = Callable[[str], "str | None"]

#: Returns the value of a setting and where it was found: environment, App Secret, ….
LocateSetting = Callable[[str], "tuple[str | None, str]"]

_PAIRS = (
    ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"),
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)


def read_settings(lookup: LookUpSetting) -> Settings:
    """Read every setting. Raises BadSettings with all faults."""
    values: dict[type, dict[str, Any]] = defaultdict(dict)
    faults: list[str] = []
    set_names: set[str] = set()
    for setting in SETTINGS:
        if setting.settings_class is None or (value := raw_value(setting, lookup)) is None:
            continue
        set_names.add(setting.name)
        try:
            values[setting.settings_class][setting.field] = setting.parse(value)
        except ValueError as error:
            faults.append(f"{setting.name} {error}")
    faults += [
        f"{one} and {other} belong together: set both or neither"
        for one, other in _PAIRS
        if (one in set_names) != (other in set_names)
    ]
    queues = QueueSettings(**values[QueueSettings])
    github = GithubSettings(**values[GithubSettings])
    faults += _queue_faults(queues)
    sources = _read_sources(values[SelectionSettings].pop("repositories", ()), github, faults)
    if faults:
        raise BadSettings(faults)
    return Settings(
        github=github,
        queues=queues,
        aws=AwsSettings(**values[AwsSettings]),
        azure=AzureSettings(**values[AzureSettings]),
        collecting=CollectingSettings(
            **values[CollectingSettings],
            filters=Filters(**values[SelectionSettings]),
            expects_webhooks=github.webhook_secret is not None,
        ),
        sources=sources,
        **values[Settings],
    )


def raw_value(setting: Setting, lookup: LookUpSetting) -> str | None:
    """Return the value of the first of a setting's names that is set; None if none is."""
    for name in (setting.name, *setting.aliases):
        if value := unquoted(lookup(name) or ""):
            return value
    return None


def _read_sources(
    given: tuple[str, ...], github: GithubSettings, faults: list[str]
) -> tuple[SourcePattern, ...]:
    """Parse REPOSITORIES by the hosts of the API's address; add what is wrong to ``faults``."""
    try:
        return parse_sources(given, hosts=github.web_hosts)
    except InvalidRepository as error:
        faults.append(f"REPOSITORIES: {error}")
        return ()


def _queue_faults(queues: QueueSettings) -> list[str]:
    faults = []
    if queues.job_events_queue.endswith(".fifo"):
        faults.append(
            "JOB_EVENTS_QUEUE must be a standard queue: logs that are not there yet wait in it "
            "with delays of their own, which FIFO queues do not have"
        )
    if len(set(queues.names)) < 3:
        faults.append(
            "METRICS_QUEUE, LOGS_QUEUE and JOB_EVENTS_QUEUE must name three different queues"
        )
    return faults
