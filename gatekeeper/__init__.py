"""gatekeeper: is this repository ready for production?

What a rule imports stands here, but for its decorator, `gatekeeper.rule.rule`. Names load when first used, so that the
command starts fast.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # typing itself is not imported for `--version`
if TYPE_CHECKING:
    from typing import Any

    from gatekeeper.node import Expression, Missing, Node, Source, Span, Unresolved
    from gatekeeper.project import Project
    from gatekeeper.rule import Edit, Finding, Fix, Note, Rule, Unknown

_HOMES = {
    "gatekeeper.node": ("Expression", "Missing", "Node", "Source", "Span", "Unresolved"),
    "gatekeeper.project": ("Project",),
    "gatekeeper.rule": ("Edit", "Finding", "Fix", "Note", "Rule", "Unknown"),
}

__all__ = [
    "Edit",
    "Expression",
    "Finding",
    "Fix",
    "Missing",
    "Node",
    "Note",
    "Project",
    "Rule",
    "Source",
    "Span",
    "Unknown",
    "Unresolved",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(home), name)
            return found
    raise AttributeError(f"module 'gatekeeper' has no attribute {name!r}")
