"""Settings: each is declared once, at the field that holds its value."""

from .collecting import RUN_MUTABLE_DAYS, CollectingSettings
from .collector import SETTINGS, Settings
from .github import GITHUB_COM_API, GithubSettings
from .queues import (
    JOB_EVENTS_QUEUE,
    LOGS_QUEUE,
    METRICS_QUEUE,
    AwsSettings,
    AzureSettings,
    QueueSettings,
)
from .reading import LocateSetting, LookUpSetting, read_settings
from .secret import Secret
from .setting import Setting

__all__ = [
    "GITHUB_COM_API",
    "JOB_EVENTS_QUEUE",
    "LOGS_QUEUE",
    "METRICS_QUEUE",
    "RUN_MUTABLE_DAYS",
    "SETTINGS",
    "AwsSettings",
    "AzureSettings",
    "CollectingSettings",
    "GithubSettings",
    "LocateSetting",
    "LookUpSetting",
    "QueueSettings",
    "Secret",
    "Setting",
    "Settings",
    "read_settings",
]
