"""Who is called when it breaks, by what is declared: settings, catalogue, Terraform, code owners, runbooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.resources import terraform_resources
from gatekeeper.links.settings_file import settings_at
from gatekeeper.models import Place, Subject, place
from gatekeeper.models.docs import Runbook, Section, hollow
from gatekeeper.models.people import is_somebody, names_contact
from gatekeeper.models.prometheus import written
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.catalog import Entity
    from gatekeeper.models.codeowners import OwnerLine

# Terraform's types that say who is called, with the attribute that names it.
_PAGERS = {
    "pagerduty_service": "name", "pagerduty_escalation_policy": "name", "pagerduty_schedule": "name",
    "opsgenie_service": "name", "opsgenie_schedule": "name", "opsgenie_escalation": "name",
    "grafana_oncall_schedule": "name", "grafana_oncall_escalation_chain": "name", "grafana_oncall_integration": "name",
    "incident_schedule": "name", "incident_escalation_path": "name", "betteruptime_on_call_calendar": "name",
    "aws_ssmincidents_response_plan": "name", "aws_ssmcontacts_contact": "alias", "victorops_team": "name",
    "squadcast_service": "name", "firehydrant_on_call_schedule": "name",
}  # fmt: skip
_MOST_LINES = 200  # of one section
_EVERYTHING = frozenset({"*", "/", "/*", "**", "/**"})


class Declared(NamedTuple):
    """Somebody who answers for it, by which kind of declaration, and where that stands."""

    who: str
    by: str
    at: Place


def on_call(project: Project) -> list[Declared]:
    """Everybody who is declared to answer for it, the plainest declaration first."""
    return project.once("on call", lambda project: [*_declared(project)])


def _declared(project: Project) -> Iterator[Declared]:
    yield from _by_settings(project)
    yield from _by_catalog(project)
    yield from _by_terraform(project)
    yield from _by_code_owners(project)
    yield from _by_runbooks(project)


def _by_settings(project: Project) -> Iterator[Declared]:
    owner = project.settings.service.owner.strip()
    if is_somebody(owner):
        at = settings_at(project, "service", "owner")
        yield Declared(owner, "the owner of the service", at or place(project.repository))


def _by_catalog(project: Project) -> Iterator[Declared]:
    kind = Subject.registry.get("catalog.Entity")
    entities = cast("list[Entity]", project.all(kind)) if kind else []
    entities = [each for each in entities if not _SHOWN.search(each.path)]
    for entity in entities:
        if entity.kind in ("Component", "System") and entity.owned and not _is_still(entity):
            yield Declared(entity.owner.text, f"the owner of {entity.name}", place(entity.owner))
    for entity in entities:
        if entity.pager is not None:
            yield Declared(entity.name, "where it is paged for", place(entity.pager))


_SHOWN = regex(r"(?:^|/)(?:examples?|samples?|demos?|templates?|skeleton)/", re.IGNORECASE)


def _is_still(entity: Entity) -> bool:
    """Whether it is nothing that breaks at night: pages, a library, what is given up."""
    spec = entity.node["spec"]
    kind, stage = written(spec["type"]).lower(), written(spec["lifecycle"]).lower()
    return kind in ("documentation", "library", "template") or stage in ("deprecated", "archived", "retired")


def _by_terraform(project: Project) -> Iterator[Declared]:
    for each in terraform_resources(project):
        if each.type in _PAGERS and not each.implied and each.times:
            name = each.node[_PAGERS[each.type]]
            who = name.text if name.known and name.text else each.name
            yield Declared(who, each.type, Place(each.written_in, each.span))


def _by_code_owners(project: Project) -> Iterator[Declared]:
    kind = Subject.registry.get("files.OwnerLine")
    lines = cast("list[OwnerLine]", project.all(kind)) if kind else []
    for each in reversed(lines):  # the last line that means everything counts
        if each.pattern in _EVERYTHING:
            owners = [owner for owner in each.owners if "@" in owner and is_somebody(owner)]
            if owners:
                yield Declared(", ".join(owners), "code owner of everything", place(each))
            return


def _by_runbooks(project: Project) -> Iterator[Declared]:
    for runbook in project.all(Runbook):
        for section in runbook.sections("escalation"):
            if not hollow(runbook, section) and _reaches(runbook, section):
                heading: Node = section.heading.node
                yield Declared(runbook.title or runbook.stem, "contacts of a runbook", place(heading))
                break


def _reaches(runbook: Runbook, section: Section) -> bool:
    """Whether a section names somebody to call: that somebody should be called is no contact."""
    lines = range(section.first, min(section.last, section.first + _MOST_LINES) + 1)
    return any(
        names_contact(runbook.source.line(number)) for number in lines if number > section.heading.node.span.line
    )
