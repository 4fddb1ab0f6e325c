"""Settings: declared once in ``table``, read by ``read_settings`` from any lookup of names."""

from .reading import Lookup, read_settings
from .setting import Setting
from .table import SETTINGS
from .values import (
    GITHUB_COM_API,
    JOB_EVENTS_QUEUE,
    LOGS_QUEUE,
    LONGEST_CHANGE_DAYS,
    METRICS_QUEUE,
    AwsSettings,
    AzureSettings,
    CollectingSettings,
    GithubSettings,
    QueueSettings,
    Secret,
    Settings,
)

__all__ = [
    "GITHUB_COM_API",
    "JOB_EVENTS_QUEUE",
    "LOGS_QUEUE",
    "LONGEST_CHANGE_DAYS",
    "METRICS_QUEUE",
    "SETTINGS",
    "AwsSettings",
    "AzureSettings",
    "CollectingSettings",
    "GithubSettings",
    "Lookup",
    "QueueSettings",
    "Secret",
    "Setting",
    "Settings",
    "read_settings",
]
