"""The JSON Schemas of the messages: as published (open), as tested (strict), and those of 1.0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

_ROOT = Path(__file__).parents[2]

#: Present in some messages only: every other declared field is in every message of ours.
OPTIONAL_FIELDS = frozenset(
    {"steps_omitted", "jobs_omitted", "truncated", "error_lines", "groups", "replayed"}
    | {"uncertain_steps"}
)

#: The same of a log's message; a job's message always has its steps.
OPTIONAL_OF_LOGS = frozenset({"steps", "content_url"})

#: Vocabularies of ours: a value without a description is a defect, unlike in GitHub's.
_OWN_VOCABULARIES = frozenset({"log_encoding", "reason"})


def load_schemas(folder: str) -> dict[str, dict[str, Any]]:
    """Load a folder of schemas by their names."""
    return {path.stem: json.loads(path.read_text()) for path in (_ROOT / folder).glob("*.json")}


PUBLISHED = load_schemas("docs/schemas")

#: What release 0.1 published, closed; and the same as published since, open.
OF_1_0 = load_schemas("tests/data/schemas-1.0")
OPEN_1_0 = load_schemas("docs/schemas/1.0")


def strict_schemas(schemas: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return schemas that accept only what is declared, and require all of it."""
    return {
        name: _closed(schema, at_top=True) if name != "envelope" else schema
        for name, schema in schemas.items()
    }


def open_schemas(schemas: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return schemas without what forbids the fields and values that a minor version adds."""
    return {name: _opened(schema) for name, schema in schemas.items()}


class Messages:
    """A set of schemas, as a consumer applies them."""

    def __init__(self, schemas: Mapping[str, dict[str, Any]]) -> None:
        self._schemas = schemas
        self._registry: Registry[Any] = Registry().with_resources(
            (f"{name}.json", Resource.from_contents(schema)) for name, schema in schemas.items()
        )
        self._validator = cache(self._make_validator)

    def faults(self, name: str, document: object) -> list[str]:
        """Return what is wrong with a message; an empty list for a valid one."""
        return [error.message for error in self._validator(name).iter_errors(document)]

    def _make_validator(self, name: str) -> Draft202012Validator:
        return Draft202012Validator(
            self._schemas[name],
            registry=self._registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )


def _closed(schema: Any, *, at_top: bool = False) -> Any:
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    fields = schema.get("properties")
    if isinstance(fields, dict):
        closed["properties"] = {
            name: {**closed["properties"][name], "enum": field["examples"]}
            if name in _OWN_VOCABULARIES
            else closed["properties"][name]
            for name, field in fields.items()
        }
        closed["required"] = sorted(
            fields.keys()
            - OPTIONAL_FIELDS
            - (OPTIONAL_OF_LOGS if "log_content" in fields else frozenset())
        )
        closed["unevaluatedProperties" if at_top else "additionalProperties"] = False
    return closed


def _opened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_opened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closing = {"additionalProperties", "unevaluatedProperties"}
    return {
        "examples" if name == "enum" else name: _opened(part)
        for name, part in schema.items()
        if name not in closing
    }
