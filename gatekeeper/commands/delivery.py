"""The way to production of a repository: the page of `explain --pipeline`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gatekeeper.commands.arguments import settings_of
from gatekeeper.commands.audit import check_root


def page(root: Path, relay: Any, *, mermaid: bool) -> str:
    """The drawing, with what could not be read below it. Raises `Wrong` for a root that is none."""
    from gatekeeper.audit import Request, read
    from gatekeeper.discover import discover
    from gatekeeper.git import commit_of
    from gatekeeper.links.delivery_paths import delivery_paths, synced
    from gatekeeper.renderers import delivery
    from gatekeeper.renderers.sanitise import printed, visible

    check_root(root)
    settings, _ = settings_of(root, isolated=False)
    project = read(discover(root), relay, Request(root, settings), commit_of(root))
    paths, applications = delivery_paths(project), synced(project)
    if mermaid:
        return printed(delivery.mermaid(paths, applications) or "flowchart LR\n  none[no pipeline here deploys]")
    faults = [fault for fault in project.faults if fault.technology == "pipeline"]
    unread = [f"  {visible(each.source.path)}:{each.span.line}  {visible(each.message)}" for each in faults]
    nothing = "no pipeline here can be read" if unread else f"no pipeline here: {project.none_of(['pipeline'])}"
    drawn = delivery.text(paths, applications) or nothing
    return printed("\n".join((drawn, *(["", "not read", *unread] if unread else []))))
