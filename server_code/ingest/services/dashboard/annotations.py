"""Annotations of failed jobs, each with a link to its file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ...domain.annotations import Annotation, AnnotationList

#: The path in annotations of the runner itself, such as "Process completed with exit code 1".
_NO_FILE = ".github"


def annotation_rows(
    annotations: AnnotationList | None, *, files_url: str | None
) -> list[dict[str, Any]]:
    """Return the annotations; ``files_url`` is the URL of the commit's files, None if unknown.

    ``place`` and ``url`` are None if an annotation belongs to no file.
    """
    return [_row(each, files_url) for each in (annotations.items if annotations else ())]


def commit_files_url(web_url: str, repository: str, sha: str | None) -> str | None:
    """Return the URL below which GitHub shows the files of a commit."""
    return f"{web_url}/{repository}/blob/{sha}" if sha else None


def _row(annotation: Annotation, files_url: str | None) -> dict[str, Any]:
    path = annotation.path if annotation.path != _NO_FILE else None
    first, last = annotation.start_line, annotation.end_line
    lines = "" if not first else f"#L{first}" + (f"-L{last}" if last and last > first else "")
    return {
        "level": annotation.level,
        "title": annotation.title,
        "message": annotation.message,
        "place": f"{path}:{first}" if path and first else path,
        "url": f"{files_url}/{quote(path)}{lines}" if path and files_url else None,
    }
