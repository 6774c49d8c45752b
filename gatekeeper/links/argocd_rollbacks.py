"""What a document's commands for going back come to where Argo CD syncs by itself.

Argo CD refuses its own rollback while sync is automated; with self-heal it undoes what `kubectl` did; and of a chart
that it renders Helm knows no release.
https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.links.argocd_files import objects_of
from gatekeeper.links.argocd_sets import every
from gatekeeper.models.docs import Document
from gatekeeper.models.kubernetes import Application
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

_NAME = r"([^\s`'\";|&]{1,120})"
_FLAGS = r"(?:-{1,2}[a-zA-Z][\w-]{0,30}(?:[ =][^\s-][^\s]{0,80})?[ ]{1,3}){0,4}"
_COMMANDS = (
    ("argocd app rollback", regex(rf"\bargocd[ ]{{1,3}}{_FLAGS}app[ ]{{1,3}}rollback[ ]{{1,3}}{_NAME}")),
    (
        "kubectl rollout undo",
        regex(
            rf"\b(?:kubectl|oc)[ ]{{1,3}}{_FLAGS}rollout[ ]{{1,3}}undo[ ]{{1,3}}{_FLAGS}"
            rf"(?:deploy(?:ments?)?|statefulsets?|sts|daemonsets?|ds)(?:\.apps)?[/ ]{_NAME}"
        ),
    ),
    ("kubectl argo rollouts undo", regex(rf"\bargo[ ]{{1,3}}rollouts[ ]{{1,3}}{_FLAGS}undo[ ]{{1,3}}{_NAME}")),
    ("helm rollback", regex(rf"\bhelm[ ]{{1,3}}{_FLAGS}rollback[ ]{{1,3}}{_FLAGS}{_NAME}")),
)
_NAMESPACE = regex(r"(?:^|\s)(?:-n|--namespace)[ =]([\w.-]{1,63})")
_PLACEHOLDER = regex(r"[<$\[{]|\A(?:my|your)[-_]|\A(?:app|name|service|deployment)\Z|[-_]name\Z|\A[A-Z][A-Z_-]{1,60}\Z")
# What switches automated sync off before.
_STOPPED = regex(
    r"--sync-policy[ =](?:none|manual)|skip-reconcile|automated[\"']?:[ ]?null|[\"']?enabled[\"']?:[ ]?false"
    r"|\b(?:disabl|turn|switch|suspend|paus|stop|deactivat)\w{0,4}\b[^.\n]{0,60}\b(?:sync|self-?heal|reconcil)"
    r"|\bsync\w{0,20}\b[^.\n]{0,30}\b(?:off|disabled|suspended|paused)\b",
    re.IGNORECASE,
)
_FILLED = regex(r"<[^<>]{0,60}>|\$?\{[^{}]{0,60}\}|\$\w{1,60}|\A[A-Za-z_-]{1,60}\Z")
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout"})


class Going(NamedTuple):
    """A command that goes back: which it is, whom it names, in which namespace ('' where it says none)."""

    command: str
    name: str
    namespace: str
    node: Node

    @property
    def open(self) -> bool:
        """Whether the reader is to fill in whom."""
        return bool(_PLACEHOLDER.search(self.name))


def goings(document: Document) -> list[Going]:
    """The commands of a document that go back, without those of which it says to stop the sync before."""
    text = document.source.text
    if not any(pattern.search(text) for _, pattern in _COMMANDS):  # most are not worth their parsing
        return []
    return [going for node in document.commands() for going in _of(node) if not _stopped(document, node)]


def _of(node: Node) -> Iterator[Going]:
    text = node.text[:500]
    for command, pattern in _COMMANDS:
        match = pattern.search(text)
        if match:
            namespace = _NAMESPACE.search(text)
            yield Going(command, match[1], namespace[1] if namespace else "", node)
            return


def _stopped(document: Document, node: Node) -> bool:
    """Whether the section of a command, or the one above it, says to stop the sync."""
    holding = [section for section in document.parts.sections if section.holds(node)]
    below_title = [section.heading.node.span.line for section in holding if section.heading.level > 1]
    first = min(below_title, default=1)
    lines = document.source.lines[first - 1 : node.span.line + 1]
    return any(_STOPPED.search(line[:1000]) for line in lines)


class Against(NamedTuple):
    """What a command meets: the Application, what Argo CD does in words, and whether that is certain."""

    application: Application
    words: str
    certain: bool


def against(going: Going, project: Project) -> Against | None:
    """What Argo CD makes of a command that goes back; None where it lets it be."""
    meant, named = _meant(going, project)
    found = [(each, _words(going, each)) for each in meant]
    bad = [(each, words) for each, words in found if words]
    if bad:
        return Against(*bad[0], certain=len(bad) == len(found) and named)
    return None


def _meant(going: Going, project: Project) -> tuple[list[Application], bool]:
    """The Applications that a command is about, and whether it names them: else its reader is to fill in which."""
    known: dict[str, list[Application]] = project.once("synced workloads", _workloads)
    applications = every(project)
    if going.command == "argocd app rollback":
        found = [each for each in applications if each.object_name == going.name.rpartition("/")[2]]
        if not found and going.open:
            pattern = _FILLED.sub("*", going.name)
            return [each for each in applications if fnmatchcase(each.object_name, pattern)], False
    elif going.command == "helm rollback":
        found = [each for each in applications if going.name in _releases(each)]
    else:
        found = _inside(known.get(going.name, []), going.namespace)
    if found or not going.open:
        return found, True
    return _inside(applications, going.namespace), False


def _inside(applications: list[Application], namespace: str) -> list[Application]:
    def goes_there(each: Application) -> bool:
        try:
            return each.destination["namespace"].text in (namespace, "")
        except Unresolved:
            return True

    return [each for each in applications if not namespace or goes_there(each)]


def _releases(each: Application) -> set[str]:
    """The names under which its charts are rendered."""
    try:
        charts = [one for one in each.sources if one.chart.present or one.node["helm"].present]
        return {one.node["helm"]["releaseName"].text or each.object_name for one in charts}
    except Unresolved:
        return set()


def _workloads(project: Project) -> dict[str, list[Application]]:
    found: dict[str, list[Application]] = {}
    for each in every(project):
        try:
            made = objects_of(each, project)
        except Unresolved:
            continue
        for name in {one.object_name for one in made if one.kind in _WORKLOADS}:
            found.setdefault(name, []).append(each)
    return found


def _words(going: Going, each: Application) -> str:
    """What Argo CD does against a command, in words; '' where nothing."""
    try:
        if going.command == "helm rollback":
            return "Helm knows no release of what Argo CD renders" if _releases(each) else ""
        if going.command == "argocd app rollback":
            return "Argo CD refuses it while sync is automated" if each.automated else ""
        return "Argo CD heals it back to what the repository says" if each.heals else ""
    except Unresolved:
        return ""
