"""The permissions of an App's installation, as GitHub lists them."""

from __future__ import annotations

from collections.abc import Mapping

from .app_manifest import PERMISSIONS
from .fields import text


def missing_permissions(permissions: Mapping[str, object]) -> tuple[str, ...]:
    """Return the needed permissions that an installation was not given."""
    return tuple(f"{name}=read" for name in PERMISSIONS if not permissions.get(name))


def granted_permissions(permissions: Mapping[str, object]) -> frozenset[str]:
    """Return what an installation was given: ``checks=write`` allows what ``checks=read`` does."""
    levels = {"read": ["read"], "write": ["read", "write"], "admin": ["read", "write", "admin"]}
    return frozenset(
        f"{name}={level}"
        for name, highest in permissions.items()
        for level in levels.get(text(highest) or "", ())
    )
