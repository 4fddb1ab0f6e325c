"""The pages that map fields to other vocabularies name fields that exist, and leave none out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.message_schemas import PUBLISHED

MAPPINGS = Path(__file__).parents[2] / "docs" / "mappings"

#: Fields of a run, a job or a step that have no counterpart and explain themselves.
_LEFT_OUT = frozenset({"steps_omitted", "jobs_omitted", "truncated"})


def data_of(name: str) -> dict[str, Any]:
    fields: dict[str, Any] = PUBLISHED[name]["properties"]["data"]["properties"]
    return fields


def names_in(page: str) -> set[str]:
    """Return every name of a field that a page mentions."""
    text = (MAPPINGS / page).read_text("utf-8")
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", code)}


@pytest.mark.parametrize("name", ["workflow_run", "workflow_job"])
def test_every_field_is_mapped_to_opentelemetry(name: str) -> None:
    """Where there is no convention, the page says so."""
    assert data_of(name).keys() - _LEFT_OUT - names_in("opentelemetry.md") == set()


def test_every_attribute_of_opentelemetry_exists() -> None:
    """Names are those of the semantic conventions that the official package holds."""
    from opentelemetry.semconv._incubating.attributes import cicd_attributes, vcs_attributes

    known = {
        value
        for module in (cicd_attributes, vcs_attributes)
        for value in vars(module).values()
        if isinstance(value, str)
    }
    text = (MAPPINGS / "opentelemetry.md").read_text("utf-8")
    named = set(re.findall(r"`((?:cicd|vcs)\.[a-z_.]+[a-z])`", text))
    assert len(named) > 15
    assert named - known == set()
