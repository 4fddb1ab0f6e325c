"""The one codec of stored records: frozen dataclasses as JSON objects, and back.

A record outlives the release that wrote it, and processes of two releases may share a database. So
a field that is missing in a body gets its default, and KeepsUnknownFields keeps the fields that
only a newer release has. A change that defaults cannot express adds a function to UPGRADES. Bodies
of version 1 do not contain their version.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .stored_values import format_time, parse_time
from .timestamps import format_timestamp, parse_timestamp

T = TypeVar("T")

Body = Mapping[str, Any]
Decode = Callable[[Any], object]
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

VERSION = "version"
_UNKNOWN_FIELDS = "unknown_fields"

#: The function at index n - 1 turns a body of version n into one of version n + 1.
UPGRADES: tuple[Upgrade, ...] = ()

#: The metadata of a field whose value is a dataclass, the fields of which are stored next to those
#: of the record.
FLATTENED: Mapping[str, Any] = {"is flattened": True}

_STORED_AS = "is stored as"

#: A time with microseconds, as ``format_time`` writes it.
_MICROSECONDS_LENGTH = len("2026-01-01T00:00:00.000000Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepsUnknownFields:
    """The base of stored classes that keep the fields of a newer release and write them back."""

    unknown_fields: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


def stored_as(name: str) -> dict[str, str]:
    """Return the metadata of a field that is stored under another name."""
    return {_STORED_AS: name}


def encode_dataclass(value: object, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return a dataclass as JSON types, ``without`` the fields that are stored elsewhere.

    ``dataclasses.asdict`` does the same, but takes five times as long, and every save waits for it.
    """
    body = dict(getattr(value, _UNKNOWN_FIELDS, ()))
    layout = _layout(type(value))  # type: ignore[arg-type] # every class is hashable
    for name in layout.names:
        if name not in without:
            held = getattr(value, name)
            body[name] = held if name in layout.scalars else _plain(held)
    for stored, name in layout.renamed.items():
        if name in body:
            body[stored] = body.pop(name)
    for name in layout.flattened:
        body.update(encode_dataclass(getattr(value, name)))
    return body


def decode_dataclass(kind: type[T], body: Body, **columns: object) -> T:
    """Return the dataclass that a body holds; ``columns`` are the fields that are stored elsewhere.

    Raises KeyError if a field is missing that has no default and cannot be null.
    """
    layout = _layout(kind)  # type: ignore[arg-type] # every class is hashable
    if layout.renamed:
        body = {layout.renamed.get(name, name): stored for name, stored in body.items()}
    values: dict[str, Any] = {**layout.defaults, **body, **columns}
    for name, read in layout.decoders.items():
        if name in body and name not in columns:
            values[name] = read(body[name])
    if layout.flattened or not body.keys() <= layout.name_set:
        _add_flattened_and_unknown(layout, body, columns, values)
    missing = layout.required - values.keys()
    if missing:
        raise KeyError(f"A stored {kind.__name__} lacks {', '.join(sorted(missing))}.")
    return kind(**values)


def _add_flattened_and_unknown(
    layout: _Layout, body: Body, columns: Mapping[str, object], values: dict[str, Any]
) -> None:
    """Move values that are no field of the class to its flattened values and unknown fields."""
    unknown = {name: values.pop(name) for name in body.keys() - layout.name_set - columns.keys()}
    for name, inner in layout.flattened.items():
        names = _layout(inner).stored_names & unknown.keys()
        values[name] = decode_dataclass(inner, {each: unknown.pop(each) for each in names})
    if unknown and layout.keeps_unknown:
        values[_UNKNOWN_FIELDS] = unknown


def upgrade_body(body: Body, upgrades: Sequence[Upgrade] = UPGRADES) -> dict[str, Any]:
    """Return a body in the current version; one of a newer release stays as it is."""
    version = int(body.get(VERSION, 1))
    current = dict(body)
    for upgrade in upgrades[version - 1 :]:
        current = upgrade(current)
    if upgrades and version <= len(upgrades):
        current[VERSION] = len(upgrades) + 1
    return current


def _plain(value: object) -> object:
    """Return the value of a field as JSON types."""
    if value is None or isinstance(value, (str, int)):
        return value  # most fields are
    if isinstance(value, datetime):
        has_microseconds = value.microsecond % 1000
        return format_time(value) if has_microseconds else format_timestamp(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    return encode_dataclass(value) if is_dataclass(value) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a class is stored.

    ``names``, ``name_set``: its fields that are not flattened. ``defaults``: values for missing
    fields that have no default of their own: None for a field that may be None, and an empty tuple
    for a list. ``flattened``: the classes of flattened values, by the field that holds them.
    ``renamed``: fields that are stored under another name, by that name. ``scalars``: fields that
    are stored as they are. ``decoders``: functions for the fields that must be decoded.
    """

    names: tuple[str, ...]
    name_set: frozenset[str]
    stored_names: frozenset[str]
    scalars: frozenset[str]
    renamed: Mapping[str, str]
    decoders: Mapping[str, Decode]
    flattened: Mapping[str, type]
    defaults: Mapping[str, object]
    required: frozenset[str]
    keeps_unknown: bool


@cache
def _layout(kind: type) -> _Layout:
    hints = get_type_hints(kind)
    by_name = {each.name: each for each in fields(kind)}
    required = [
        name
        for name, each in by_name.items()
        if each.default is MISSING and each.default_factory is MISSING
    ]
    nullable = {name: None for name in required if type(None) in get_args(hints[name])}
    lists = {name: () for name in required if get_origin(hints[name]) is tuple}
    flattened = {name: hints[name] for name, each in by_name.items() if each.metadata == FLATTENED}
    names = tuple(name for name in by_name if name != _UNKNOWN_FIELDS and name not in flattened)
    stored_names = {by_name[name].metadata.get(_STORED_AS, name): name for name in names}
    decoders = {name: _decoder(hints[name]) for name in names}
    return _Layout(
        names=names,
        name_set=frozenset(names),
        stored_names=frozenset(stored_names),
        scalars=frozenset(name for name in names if _is_scalar(hints[name])),
        renamed={stored: name for stored, name in stored_names.items() if stored != name},
        decoders={name: read for name, read in decoders.items() if read is not _unchanged},
        flattened=flattened,
        defaults={**nullable, **lists},
        required=frozenset(required),
        keeps_unknown=issubclass(kind, KeepsUnknownFields),
    )


def _decoder(hint: Any) -> Decode:  # noqa: ANN401 - a type hint may be anything
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (*kinds,) = (each for each in inner if each is not type(None))
        decode = _decoder(kinds[0]) if len(kinds) == 1 else _unchanged
        if decode is _unchanged:
            return decode
        return lambda stored: None if stored is None else decode(stored)
    if origin is tuple:
        item = _decoder(inner[0])
        return tuple if item is _unchanged else lambda stored: tuple(map(item, stored))
    if hint is datetime:
        return _parse_time
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda stored: decode_dataclass(hint, stored)
    return _unchanged


def _is_scalar(hint: Any) -> bool:  # noqa: ANN401 - a type hint may be anything
    kinds = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return all(kind in (str, int, float, bool, type(None)) for kind in kinds)


def _unchanged(stored: object) -> object:
    return stored


def _parse_time(text: str) -> datetime | None:
    return parse_time(text) if len(text) == _MICROSECONDS_LENGTH else parse_timestamp(text)
