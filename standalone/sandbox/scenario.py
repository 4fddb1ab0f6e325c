"""A scenario: `Settings` in a YAML file, in which `hook_faults` may be called `hooks`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from .faults import Fault
from .settings import (
    AppSpec,
    GraphqlFaults,
    HookFaults,
    InstallationSpec,
    Limits,
    Settings,
    TokenSpec,
)

_Spec = TypeVar("_Spec")

_PARTS = {"limits": Limits, "hook_faults": HookFaults, "graphql": GraphqlFaults}
_LISTS = {"tokens": TokenSpec, "faults": Fault}


def read_scenario(path: Path) -> Settings:
    """Read settings from a file; what is missing keeps its default."""
    read = dict(yaml.safe_load(path.read_text("utf-8")) or {})
    if "hooks" in read:
        read["hook_faults"] = read.pop("hooks")
    read |= {
        name: _dataclass_from(kind, read[name]) for name, kind in _PARTS.items() if name in read
    }
    for name, kind in _LISTS.items():
        if name in read:
            read[name] = tuple(_dataclass_from(kind, each) for each in read[name])
    if read.get("app"):
        read["app"] = _app(read["app"])
    return _dataclass_from(Settings, read)


def fault_from(values: Mapping[str, Any]) -> Fault:
    """Read one fault."""
    return _dataclass_from(Fault, values)


def _app(values: Mapping[str, Any]) -> AppSpec:
    installations = tuple(
        _dataclass_from(InstallationSpec, installation)
        for installation in values.get("installations", ())
    )
    return _dataclass_from(AppSpec, {**values, "installations": installations})


def _dataclass_from(kind: type[_Spec], values: Mapping[str, Any]) -> _Spec:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{kind.__name__} has no field {unknown}; its fields are {sorted(known)}.")
    return kind(**{name: _as_tuple_or_set(name, value) for name, value in values.items()})


def _as_tuple_or_set(name: str, value: object) -> object:
    if not isinstance(value, list):
        return value
    sets = {"permissions", "repositories", "failing_shas", "missing_shas"}
    return frozenset(value) if name in sets else tuple(value)
