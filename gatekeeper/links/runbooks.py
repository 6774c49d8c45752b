"""Which document an alert's runbook link leads to, and which alerts lead to a document."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from gatekeeper.models.docs import Document
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import Expression, Unresolved, regex
from gatekeeper.project import Project

_SCHEME = regex(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WORD = regex(r"[^\s<>\"'()\[\]]+")
_NAMED = regex(r"run[-_]?book|play[-_]?book", re.IGNORECASE)


class RunbookLink(NamedTuple):
    """Where the link leads: `path` in this repository, or why that is not known or not so.

    `missing` says what is not there; `elsewhere` is the address of a place that nobody said is a folder of ours.
    """

    path: str = ""
    missing: str = ""
    elsewhere: str = ""


def runbook_of(alert: Alert, project: Project) -> RunbookLink | None:
    """Where an alert's runbook link leads; None when it has none. Raises `Unresolved` for a link filled in later."""
    if alert.runbook is None:
        return None
    text = alert.runbook.text.strip()
    if "{{" in text:
        raise Unresolved(alert.runbook, Expression(text, "is filled in when the alert fires"))
    target = next((word.rstrip(".,;") for word in _WORD.findall(text) if _is_target(word)), text)
    address, _, anchor = target.partition("#")
    address = address.partition("?")[0]
    places = _places(address, alert, project)
    if not places:
        return RunbookLink(elsewhere=target)
    for place in places:
        path = _existing(place, project)
        if path:
            return _at_anchor(path, anchor, project)
    return RunbookLink(missing=f"{places[0]} is not in this repository")


def alerts_of(document: Document, project: Project) -> list[Alert]:
    """The alerts whose runbook link leads to a document."""
    return project.once("alerts by runbook", _by_runbook).get(document.path, [])


def _by_runbook(project: Project) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in project.all(Alert):
        try:
            link = runbook_of(alert, project)
        except Unresolved:
            continue
        if link is not None and link.path:
            found.setdefault(link.path, []).append(alert)
    return found


def _is_target(word: str) -> bool:
    """Whether a word of the annotation is what it links to: a URL, or a path that names a runbook."""
    return word.startswith(("http://", "https://")) or bool(_NAMED.search(word))


def _places(address: str, alert: Alert, project: Project) -> list[str]:
    """Paths of this repository that an address may mean; none when nobody can tell."""
    for prefix, folder in sorted(project.settings.runbook_roots.items(), key=lambda pair: -len(pair[0])):
        bare = prefix.rstrip("/")
        if address == bare or address.startswith(f"{bare}/"):
            return [_clean(f"{folder}/{address[len(bare) :]}")]
    if _SCHEME.match(address) or address.startswith("//"):
        return []
    if address.startswith("/"):
        return [_clean(address)]
    beside = _clean(posixpath.join(posixpath.dirname(alert.path), address))
    return list(dict.fromkeys((_clean(address), beside)))


def _clean(path: str) -> str:
    return posixpath.normpath(path.replace("//", "/").lstrip("/"))


def _existing(place: str, project: Project) -> str:
    """The file that a path of a site or of the repository stands for, whatever its case; '' when there is none."""
    known = project.once("paths in lower case", lambda p: {path.lower(): path for path in reversed(p.tree.paths)})
    bare = place.removesuffix(".html").lower()
    for name in (place.lower(), f"{bare}.md", f"{bare}.markdown", *(f"{bare}/{index}.md" for index in _INDEXES)):
        if name in known:
            return known[name]
    return place if place in project.tree.folders and place not in ("", ".") else ""


_INDEXES = ("readme", "index", "_index")


def _at_anchor(path: str, anchor: str, project: Project) -> RunbookLink:
    documents = project.by(Document, "path").get(path)
    if not anchor or not documents or anchor.lower() in documents[0].anchors:
        return RunbookLink(path)
    return RunbookLink(path, missing=f"{path} has no heading #{anchor}")
