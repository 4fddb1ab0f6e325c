"""Where a job's steps are in its log, as the files of an attempt's archive prove it.

An archive holds one file per step next to the job's whole log. Its directory names the size and the
checksum of each file. If the whole log, cut by the sizes, has exactly these checksums, the cuts are
the steps.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .jobs import Step

BOM = b"\xef\xbb\xbf"
_BOM_CRC = zlib.crc32(BOM)


class StepRange(NamedTuple):
    """The part of a log that a step wrote; bytes count from 0, lines from 1, both ends included."""

    number: int
    step_name: str
    first_line: int
    last_line: int
    first_byte: int
    last_byte: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFile:
    """A step's own file in an archive, and its CRC-32.

    A file may begin with a byte order mark that the whole log leaves out, or be only this mark.
    """

    number: int
    size_bytes: int
    crc: int

    @property
    def holds_anything(self) -> bool:
        """Return whether the step wrote anything."""
        return self.size_bytes > 0 and (self.size_bytes, self.crc) != (len(BOM), _BOM_CRC)


class StepFileReader:
    """A reader of a whole log that compares it with its steps' files, in order.

    A file may begin with a byte order mark that the log lacks, which only its checksum shows. So
    two checksums are computed, with that mark and without; with it, the file's bytes end earlier.
    """

    def __init__(self, files: Sequence[StepFile]) -> None:
        self._next_files = [file for file in reversed(files) if file.holds_anything]
        self._file: StepFile | None = None
        self._pending = b""
        self._left_bytes = self._crc = self._crc_with_bom = self._lacking_bytes = 0
        self._byte, self._line = 0, 1
        self._first_byte, self._first_line = 0, 1
        self._last_read = b"\n"
        self._ranges: list[StepRange] = []
        self._is_contradicted = False

    def feed(self, chunk: bytes) -> None:
        """Read the next bytes of the log."""
        self._read(self._pending + chunk, is_end=False)

    def finish(self) -> tuple[StepRange, ...] | None:
        """Return the ranges of the steps that wrote anything, without names; None if not proved."""
        self._read(self._pending, is_end=True)
        is_whole = self._file is None and not self._next_files
        return None if self._is_contradicted or not is_whole else tuple(self._ranges) or None

    def _read(self, data: bytes, *, is_end: bool) -> None:
        start = 0
        self._pending = b""
        while not self._is_contradicted:
            if self._file is None:
                if not self._next_files:
                    self._is_contradicted = start < len(data)
                    return
                if len(data) - start < len(BOM) and not is_end:
                    self._pending = data[start:]
                    return
                self._open(self._next_files.pop(), data[start : start + len(BOM)])
            piece = data[start : start + self._left_bytes]
            self._add_to_file(piece)
            start += len(piece)
            if self._left_bytes:
                self._is_contradicted |= is_end
                return
            self._close_or_read_on()

    def _open(self, file: StepFile, begin: bytes) -> None:
        may_lack_bom = begin != BOM and file.size_bytes > len(BOM)
        self._file = file
        self._lacking_bytes = len(BOM) if may_lack_bom else 0
        self._left_bytes = file.size_bytes - self._lacking_bytes
        self._crc, self._crc_with_bom = 0, _BOM_CRC
        self._first_byte, self._first_line = self._byte, self._line
        self._is_contradicted = self._last_read != b"\n"

    def _add_to_file(self, piece: bytes) -> None:
        self._crc = zlib.crc32(piece, self._crc)
        if self._lacking_bytes:
            self._crc_with_bom = zlib.crc32(piece, self._crc_with_bom)
        self._left_bytes -= len(piece)
        self._byte += len(piece)
        self._line += piece.count(b"\n")
        self._last_read = piece[-1:] or self._last_read

    def _close_or_read_on(self) -> None:
        """Close the file; or read on, by the length of a mark, if the log does not lack one."""
        file = self._file
        log_lacks_bom = file is not None and self._crc_with_bom == file.crc
        if self._lacking_bytes and not log_lacks_bom:
            self._left_bytes, self._lacking_bytes = self._lacking_bytes, 0
            return
        self._close(self._crc_with_bom if self._lacking_bytes else self._crc)

    def _close(self, crc: int) -> None:
        file, self._file = self._file, None
        if file is None or crc != file.crc:
            self._is_contradicted = True
        elif self._byte > self._first_byte:
            last_line = self._line - 1 if self._last_read == b"\n" else self._line
            self._ranges.append(
                StepRange(
                    number=file.number,
                    step_name="",
                    first_line=self._first_line,
                    last_line=last_line,
                    first_byte=self._first_byte,
                    last_byte=self._byte - 1,
                )
            )


def name_ranges(ranges: Sequence[StepRange], steps: Sequence[Step]) -> tuple[StepRange, ...] | None:
    """Return ranges with the names of a job's steps; None where the job has no such step."""
    names = {step.number: step.name for step in steps}
    if any(each.number not in names for each in ranges):
        return None
    return tuple(each._replace(step_name=names[each.number]) for each in ranges)
