"""What the documents and scripts here say about going back: the commands, of which tool, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.links.judged import documents, judged
from gatekeeper.links.ways_of_tools import called
from gatekeeper.models.docs import Document, Runbook, Section
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.models.pipeline.kinds import command_kinds, unwrap
from gatekeeper.models.pipeline.shell import commands
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

_SPEAKS = regex(r"roll(?:ing)?[ -]?back|back(?:ing)?[ -]?out|\brevert|\bundo\b|downgrad", re.IGNORECASE)
_OF_DATA = regex(r"\bdb[:_-]|migrat|database|alembic|flyway|liquibase", re.IGNORECASE)  # the schema's own way back
_REVERT = regex(r"\brevert\w{0,5} [^.\n]{0,40}?\b(?:pull request|pr\b|commit|merge|change)", re.IGNORECASE)
_OPERATIONS = frozenset(
    "rollback revert deploy deploying deployment deployments release releases releasing operations ops operating "
    "runbook runbooks playbook playbooks production incident incidents recovery upgrade upgrading infrastructure "
    "infra kubernetes helm contributing ci cd cicd pipeline pipelines guide".split()
)
_PAST = regex(r"(?:^|/)(?:archived?|old|legacy|deprecated|attic)/", re.IGNORECASE)
_NOT_OURS = frozenset({"changelog", "adr"})
_SCRIPTS = (".sh", ".bash", ".py", ".ps1")
_LONGEST = 300_000  # characters of a document that are looked through


class Written(NamedTuple):
    """One command that goes back. `tool` as `called` names it, or `git`, `pipeline`, `script` for what starts others.

    `back`: the command itself goes back (`helm rollback`); else it deploys, and stands in a section on going back.
    """

    tool: str
    words: tuple[str, ...]
    at: Node
    document: Document
    back: bool

    @property
    def text(self) -> str:
        return " ".join(self.words)[:80]


def written_ways(project: Project) -> list[Written]:
    """Every command in the documents of this repository that goes back to an earlier release."""
    return project.once("written ways back", lambda project: [w for d in _speaking(project) for w in ways_in(d)])


def rollback_scripts(project: Project) -> list[str]:
    """The scripts of the repository that are called a rollback."""
    return project.once("rollback scripts", lambda project: [path for path in judged(project) if _is_script(path)])


def _is_script(path: str) -> bool:
    name = path.rpartition("/")[2]
    words = set(tokens(name.rpartition(".")[0] or name))
    return name.endswith(_SCRIPTS) and "rollback" in words and not words & {"test", "tests", "migration", "db", "sql"}


def _speaking(project: Project) -> Iterator[Document]:
    for document in documents(project):
        if document.kind in _NOT_OURS or _PAST.search(document.path):
            continue
        try:
            text = document.source.text
        except Unreadable:
            continue
        if len(text) < _LONGEST and _SPEAKS.search(text) and _is_of_operations(document):
            yield document


def _is_of_operations(document: Document) -> bool:
    """Whether a document says how the service is run: not one of a single change, of the past or of another matter."""
    if isinstance(document, Runbook) or document.kind == "readme":
        return True
    return bool(_OPERATIONS & {*tokens(document.path), *tokens(document.title)})


def ways_in(document: Document) -> list[Written]:
    """The commands of one document that go back: in its sections on that, or rollbacks in a runbook for deploying."""
    sections = document.sections("rollback")
    found = [each for section in sections for each in _in_section(document, section)]
    if not sections and isinstance(document, Runbook) and document.deploys:
        found = [each for each in _commands(document, None) if each.back]
    title = tokens(document.title) if not sections else []
    if {"rollback", "revert"} & {*title, *tokens(document.stem)} and not sections:
        found = [*_commands(document, None), *_reverts(document, None)]
    return found


def _in_section(document: Document, section: Section) -> Iterator[Written]:
    yield from _commands(document, section)
    yield from _reverts(document, section)


def _reverts(document: Document, section: Section | None) -> Iterator[Written]:
    """That a pull request is to be reverted, in words: on GitHub that is a button."""
    for text in document.parts.texts:
        if (section is None or section.holds(text.node)) and _REVERT.search(text.node.text):
            yield Written("git", ("revert", "the", "change"), text.node, document, True)


def _commands(document: Document, section: Section | None) -> Iterator[Written]:
    for node in document.commands(section):
        for command in commands(node.text)[:20]:
            words = unwrap(command.words)
            made = _way(words)
            if made:
                yield Written(made[0], words, node, document, made[1])


def _way(words: tuple[str, ...]) -> tuple[str, bool] | None:
    """The tool of a command that goes back, and whether the command itself says so."""
    if not words or _OF_DATA.search(" ".join(words)):
        return None
    if words[0] == "git":
        return ("git", words[1:2] == ("revert",)) if words[1:2] in (("revert",), ("push",)) else None
    if words[0] == "gh" and words[1:3] in (("workflow", "run"), ("run", "rerun")):
        return "pipeline", False
    if words[0] in ("make", "just", "task", "npm", "yarn", "pnpm") and "rollback" in " ".join(words):
        return "script", True
    if words[0].endswith((".sh", ".py", ".ps1")) or words[0] in ("bash", "sh", "python", "python3"):
        return ("script", True) if "rollback" in tokens(" ".join(words[:3])) else None
    kinds = {hit.kind for hit in command_kinds(words) or ()}
    if "rollback" in kinds or _returns(words):
        return called(words), True
    return (called(words), False) if "deploy" in kinds else None


def _returns(words: tuple[str, ...]) -> bool:
    """Rollbacks that the table of commands has as deployments, for they are those of an earlier release."""
    text = " ".join(words)
    return (
        ("update-traffic" in words and "--to-revisions" in text)
        or ("slot" in words and "swap" in words)
        or words[:4] == ("gcloud", "deploy", "targets", "rollback")
        or words[:2] == ("serverless", "rollback")
        or ("rollout" in words and "undo" in words)
    )
