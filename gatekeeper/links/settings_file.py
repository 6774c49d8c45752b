"""Where the repository's own settings stand, for what is said of them."""

from __future__ import annotations

from gatekeeper.discover import Unreadable
from gatekeeper.models import Place, place
from gatekeeper.parsers import yaml
from gatekeeper.project import Project
from gatekeeper.settings import FILE


def settings_at(project: Project, *keys: str | int) -> Place | None:
    """Where gatekeeper.yaml sets something; None where it is set elsewhere (in pyproject.toml)."""
    try:
        nodes = project.tree.source(FILE).once(yaml.parse).nodes if FILE in project.tree else []
    except Unreadable:
        return None
    if not nodes:
        return None
    node = nodes[0]
    for key in keys:
        node = node[key]
    return place(node) if node.present else None
