"""The folder that a report is written into: its own files are replaced, all others left alone."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import figures

__all__ = ["GENERATOR", "Folder", "UnwritableFolder", "writable"]

GENERATOR = "bellcheck report"
"""How a page says that it may be replaced by the next one."""


class UnwritableFolder(Exception):
    """An output folder that cannot be written, or that holds a page which is not a report."""


def writable(folder: Path) -> Path:
    """Make the folder and show that it can be written, before the long work."""
    try:
        for part in (folder, folder / "data", folder / "figures"):
            part.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=part):
                pass
        page = folder / "index.html"
        if page.exists() and GENERATOR not in page.read_text("utf-8", errors="replace")[:2_000]:
            raise UnwritableFolder(f"{page} is no report of bellcheck and will not be replaced; choose another folder")
    except OSError as error:
        reason = error.strerror or error
        raise UnwritableFolder(f"cannot write the folder {folder}: {reason}; choose another") from None
    return folder


class Folder:
    """Writes the report's files and remembers their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: list[str] = []

    def write(self, name: str, text: str) -> Path:
        """Write a file and return its path."""
        path = self._folder / name
        path.write_text(text, "utf-8")
        return path

    def data(self, name: str, value: Any) -> None:
        """Write a value as JSON to ``data/``."""
        self.write(f"data/{name}", json.dumps(value, indent=1, ensure_ascii=False) + "\n")
        self.written.append(f"data/{name}")

    def table(self, name: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Write at least one record of equal keys to ``data/``, as CSV and as JSON."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        self.write(f"data/{name}.csv", text.getvalue())
        self.written.append(f"data/{name}.csv")
        self.data(f"{name}.json", list(records))

    def figure(
        self, name: str, title: str, caption: str, specification: dict[str, Any], *, wide: bool = False
    ) -> dict[str, Any]:
        """Write a drawing to ``figures/`` and return what the page needs to show it; a wide one leaves the column."""
        from markupsafe import Markup

        drawing = figures.svg(specification)
        self.write(f"figures/{name}.svg", drawing)
        return {
            "id": f"figure-{name}",
            "title": title,
            "caption": caption,
            "wide": wide,
            "file": f"figures/{name}.svg",
            "svg": Markup(figures.embedded(drawing, name)),
        }
