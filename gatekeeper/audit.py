"""The straight line: root -> files -> subjects -> project -> outcomes -> gates -> report."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from gatekeeper.discover import Skip, Tree, Unreadable, sort_out
from gatekeeper.models import Subject
from gatekeeper.models.files import File, Suppression, suppressions
from gatekeeper.node import START, Fault, Source, Span
from gatekeeper.project import Project
from gatekeeper.settings import Settings


class Report:
    pass


def read(
    tree: Tree, hooks: Any, settings: Settings | None = None, today: datetime.date | None = None, paths: Iterable[str] | None = None
) -> Project:
    """Every file that somebody reads, as subjects. `hooks` is pluggy's relay; `paths` narrows what is judged."""
    settings = settings or Settings()
    judged, skipped = sort_out(tree, settings.exclude)
    chosen = judged if paths is None else [path for path in judged if path in set(paths)]
    subjects: list[Subject] = []
    for path in chosen:
        source = tree.source(path)
        read = _read_file(source, hooks.gatekeeper_read(source=source, tree=tree))
        if read is None:
            skipped.append(Skip(path, "no rule reads this kind of file"))
        else:
            subjects += read
    project = Project(tree, subjects, skipped=skipped, settings=settings, today=today)
    return project


def _read_file(source: Source, readings: Sequence[Iterable[Subject | Fault]]) -> list[Subject] | None:
    if not readings:
        return None
    found: list[Subject] = []
    faults: dict[tuple[Span, str], Fault] = {}
    for reading in readings:
        try:
            for each in reading:
                if isinstance(each, Fault):
                    known = faults.get((each.span, each.message))
                    faults[each.span, each.message] = each if known is None or not known.technology else known
                else:
                    found.append(each)
        except Unreadable as error:
            faults[START, str(error)] = Fault(source, START, f"cannot be read: {error}")
        except RecursionError:
            faults[START, "depth"] = Fault(source, START, "nests too deeply to be read")
        except Exception as error:  # a fault of ours in one file must not hide the others
            words = f"gatekeeper failed on this file ({type(error).__name__}: {error})"
            faults[START, words] = Fault(source, START, words, reason="tool-error")
    technologies = {each.technology for each in found} | {fault.technology for fault in faults.values()}
    return [*found, *_excuses(source), File(source, sorted(technologies - {""}), tuple(faults.values()))]


def _excuses(source: Source) -> list[Suppression]:
    try:
        return list(suppressions(source))
    except Unreadable:  # said already, by the model that asked for the text first
        return []
