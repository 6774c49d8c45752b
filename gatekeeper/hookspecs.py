"""The four hooks. What ships with gatekeeper joins by them as well.

A plugin is an installed distribution with an entry point in the group `gatekeeper`; it is loaded only when the command
line (`--plugin NAME`) or the user's own configuration names it, never because a scanned repository asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from gatekeeper.audit import Report
    from gatekeeper.discover import Tree
    from gatekeeper.models import Subject
    from gatekeeper.node import Fault, Source
    from gatekeeper.project import Project

hookspec = pluggy.HookspecMarker("gatekeeper")
hookimpl = pluggy.HookimplMarker("gatekeeper")


class Hooks:
    """What a plugin may implement; any of them."""

    @hookspec
    def gatekeeper_read(self, source: Source, tree: Tree) -> Iterable[Subject | Fault] | None:
        """Subjects of one file, and faults where it cannot be read; None when the file is not yours.

        Look at `source.path` first: the file is opened when `source.text` is asked for.
        """

    @hookspec
    def gatekeeper_catalogues(self) -> Iterable[Path]:
        """Folders of rules, each with a subfolder a technology, as `rules/` has them."""
        return ()

    @hookspec
    def gatekeeper_collect(self, project: Project) -> Iterable[Subject | Fault]:
        """Subjects that come from elsewhere than single files: evidence, attestations, other tools."""
        return ()

    @hookspec(firstresult=True)
    def gatekeeper_render(self, report: Report, format: str) -> str | None:
        """The report in that format; None when the format is not yours."""
