"""A report to where it was asked for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import monotonic
from typing import Any

from msgspec.structs import replace

from gatekeeper.audit import Report
from gatekeeper.commands.arguments import Wrong
from gatekeeper.discover import Unwritable, write_below
from gatekeeper.meant import meant
from gatekeeper.plugins import FORMATS


class Progress:
    """A line on standard error about long work: after a third of a second, on a terminal only, gone at the end."""

    def __init__(self) -> None:
        self.begun = monotonic()
        self.told = 0.0

    def __call__(self, what: str, done: int, of: int) -> None:
        now = monotonic()
        if now - self.begun > 0.3 and now - self.told > 0.1:
            self.told = now
            sys.stderr.write(f"\r\x1b[K{what} {done} of {of} files" if of else f"\r\x1b[K{what}")
            sys.stderr.flush()

    def end(self) -> None:
        if self.told:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def outputs(asked: list[str]) -> list[tuple[str, Path | None]]:
    """`--output json=gate.json` as (format, path). Raises `Wrong` for a format that nobody renders."""
    return [_output(each) for each in asked or ["text"]]


def _output(asked: str) -> tuple[str, Path | None]:
    name, _, path = asked.partition("=")
    if not name:
        raise Wrong(f"--output {asked}: expected FORMAT or FORMAT=PATH")
    return name, Path(path) if path else None


def emit(report: Report, wanted: list[tuple[str, Path | None]], hooks: Any) -> None:
    """Render and write every output. Raises `Wrong` for an unknown format or a path that cannot be written."""
    for name, path in wanted:
        if path is None:
            _to_stdout(_rendered(report, name, hooks))
            continue
        rendered = _rendered(replace(report, shown=replace(report.shown, colour=False, width=None)), name, hooks)
        _to_file(rendered, f"--output {name}={path}", path, Path(report.root))


def _to_file(text: str, asked: str, path: Path, root: Path) -> None:
    """Write an output. Raises `Wrong`; below the root, nothing is written through a link of the repository."""
    inside = os.path.relpath(os.path.abspath(path), os.path.abspath(root))
    try:
        if inside.startswith(".."):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        else:
            write_below(root, inside, text.encode("utf-8", "surrogatepass"), replace=True)
    except OSError as error:
        raise Wrong(f"{asked}: {error.strerror}") from None
    except Unwritable as error:
        raise Wrong(f"{asked}: {error}") from None


def for_github(report: Report, wanted: list[tuple[str, Path | None]], hooks: Any) -> None:
    """Under GitHub Actions: annotations on the lines, and the table in the job's summary, without being asked."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    if not any(path is None and name != "text" for name, path in wanted):  # standard output is another program's
        _to_stdout(_rendered(report, "github", hooks))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with open(summary, "a", encoding="utf-8") as file:
                file.write(_rendered(report, "markdown", hooks))
        except OSError as error:
            sys.stderr.write(f"gatekeeper: the job summary cannot be written: {error.strerror}\n")


def _rendered(report: Report, name: str, hooks: Any) -> str:
    rendered: str | None = hooks.gatekeeper_render(report=report, format=name)
    if rendered is None:
        hint = meant(name, FORMATS, f"there is {', '.join(FORMATS)}")
        raise Wrong(f"no format {name!r}; {hint}")
    return rendered if rendered.endswith("\n") or not rendered else rendered + "\n"


def _to_stdout(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError:  # a console that cannot show a character of a path or a source line
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
