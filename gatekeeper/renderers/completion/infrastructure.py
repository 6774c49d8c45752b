"""Section 4: the environments, what is declared to run in them, and what it is built with."""

from __future__ import annotations

from gatekeeper.gates import Status
from gatekeeper.links import elsewhere
from gatekeeper.links.environments import Environment, environments, hosts
from gatekeeper.links.resources import GROUPS, Declared, resources
from gatekeeper.models import Subject
from gatekeeper.models.evidence.facts import Drift
from gatekeeper.models.pipeline.environments import Class, tokens
from gatekeeper.node import Node
from gatekeeper.proof import proofs
from gatekeeper.renderers.completion.sheet import Sheet, listed, section, shortened, slot, table
from gatekeeper.renderers.sanitise import markdown_code, markdown_text
from gatekeeper.renderers.stack import Used, stack

_PRODUCTIVE = (Class.PROD, Class.PARAMETRIC)


def infrastructure(sheet: Sheet) -> str:
    return section(
        "### 4. Infrastructure Status",
        "#### Environments",
        _environments(sheet),
        "#### Resources Provisioned",
        "Declared, not seen running. What is written in several places is listed at each; counts are per environment.",
        _resources(sheet),
        "#### Technology Stack",
        _stack(sheet),
    )


def _environments(sheet: Sheet) -> str:
    found = environments(sheet.project)
    rows = [_environment(each, sheet) for each in found]
    nobody = slot("whose environment it is")
    attached = {id(node) for each in found for node in each.addresses}
    rows += [
        ("not said", f"{sheet.value(host.node)} ({sheet.at(host.node)})", nobody, nobody, markdown_code(host.by))
        for host in hosts(sheet.project)
        if id(host.node) not in attached
    ]
    nothing = f"N/A: no environment is named in {len(sheet.project.tree.paths)} files"
    return table("Environment | URL (declared) | Status | Health | Where", rows, nothing)


def _environment(each: Environment, sheet: Sheet) -> tuple[str, ...]:
    urls = [f"{sheet.value(node)} ({sheet.at(node)})" for node in each.addresses]
    address = listed(list(dict.fromkeys(urls)), 2) or slot("no address is declared")
    name = sheet.words(Node(each.name, each.places[0].source, each.places[0].span), 60)
    return name, address, *_state(each, sheet), sheet.places(each.places)


def _state(each: Environment, sheet: Sheet) -> tuple[str, str]:
    """Deployed and healthy. The record of a deployment is of production; what is said of every environment holds for
    each, but that not all are healthy says of none that it is not."""
    asked = sheet.criterion("environments-healthy")
    health = deployed = sheet.answer("environments-healthy")
    if asked and asked.status is Status.FAIL:
        health, deployed = f"not every environment is: {health}", slot("attest environments-healthy")
    if each.cls in _PRODUCTIVE:
        several = sum(1 for one in environments(sheet.project) if one.cls in _PRODUCTIVE) > 1
        deployed = slot("which of them the record is of") if several else sheet.answer("deployment-recorded")
    return deployed, _synced(each, sheet) or health


def _synced(each: Environment, sheet: Sheet) -> str:
    """What Argo CD says of the application that is called like the environment, when that is evidence."""
    held = proofs(Drift, sheet.project, ("argocd",), max_age=sheet.report.settings.thresholds.drift_max_age).held
    named = [one for one in held if one.facts.healthy is not None and each.name.lower() in tokens(one.facts.name)]
    words = [
        f"{markdown_code(one.facts.name)}: {'healthy' if one.facts.healthy else '**not healthy**'} ({sheet.at(one.at)})"
        for one in named
    ]
    return listed(words, 3)


def _resources(sheet: Sheet) -> str:
    found = resources(sheet.project)
    rows = [_resource(each, sheet) for each in found]
    remote = elsewhere(sheet.project)
    count = slot(f"unresolved: {markdown_text(remote)}") if remote else "0"
    rows += [(group, "none declared here", count, "", "") for group in GROUPS if all(e.group != group for e in found)]
    rows += _unseen(sheet)
    nothing = sheet.none_of("kubernetes", "terraform", what="resources of these kinds")
    shown = found or remote or len(rows) > len(GROUPS)
    return table("Resource | Type | Count | Region | Where", rows if shown else [], nothing)


def _resource(each: Declared, sheet: Sheet) -> tuple[str, ...]:
    number, words = each.amount
    count = f"{number} ({markdown_text(words)})" if words else str(number)
    if number is None:
        count = slot(f"{markdown_text(words)}, unresolved") if words != "one on each node" else words
    region = sheet.value(each.region, 60) if each.region is not None else _anywhere(each)
    name = f"{markdown_code(each.type)} {markdown_code(each.name)}"
    return each.group, name, count, region, sheet.at(each.at)


def _anywhere(each: Declared) -> str:
    return slot("the cluster's") if "/" in each.name else slot("no provider here says")


def _unseen(sheet: Sheet) -> list[tuple[str, ...]]:
    """Modules from elsewhere: what they make is in no file here."""
    calls = Subject.registry.get("terraform.ModuleCall")
    found = sheet.project.all(calls) if calls else []
    return [
        ("Not seen here", f"{markdown_code(each.name)} of {sheet.value(each.node['source'], 80)}",
         slot("what it makes is in no file here"), "", sheet.at(each))
        for each in found
        if not getattr(each, "local", True)
    ]  # fmt: skip


def _stack(sheet: Sheet) -> str:
    nothing = f"none is recognised in {len(sheet.project.tree.paths)} files"
    rows = [_used(each, sheet) for each in stack(sheet.report)]
    return table("Category | Technology | Shown by | Judged", rows, nothing)


def _used(each: Used, sheet: Sheet) -> tuple[str, ...]:
    technology, sign = each.technology, each.technology.shown_by
    name = f"perhaps {technology.name}" if technology.maybe else technology.name
    shown = f"{markdown_text(shortened(sign.what, 80))} ({sheet.at(sign.at)})"
    return technology.group, name, shown, each.words
