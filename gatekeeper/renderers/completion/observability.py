"""Section 6: dashboards, alerts and whom they reach, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.links.alerting import alarms
from gatekeeper.links.dashboards import Listed, dashboards
from gatekeeper.links.logs import Flow, Log, flows, log_places, shippers
from gatekeeper.links.receivers import Receiver, Routed, routed
from gatekeeper.links.runbooks import runbook_of
from gatekeeper.models.alarms import Alarm, Bound, RoutedAlarm
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import Node, Unresolved
from gatekeeper.renderers.completion.sheet import Sheet, listed, section, slot, table
from gatekeeper.renderers.sanitise import markdown_code, markdown_text
from gatekeeper.settings import Owned

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource


def observability(sheet: Sheet) -> str:
    found = dashboards(sheet.project)
    alerts = [_alert(each, sheet) for each in alarms(sheet.project)]
    logs = [_log(each, sheet) for each in log_places(sheet.project)]
    logs += [_flow(each, sheet) for each in flows(sheet.project)]
    logs += [
        (f"what {markdown_code(each.name)} collects", slot("in its own configuration"),
         slot("where the logs go"), sheet.at(each.at))
        for each in shippers(sheet.project)
    ]  # fmt: skip
    return section(
        "### 6. Observability Setup",
        "#### Monitoring",
        table("Dashboard | URL | Purpose | Panels | Where", [_dashboard(each, sheet) for each in found],
              _nothing("dashboards", "no dashboard", sheet)),
        "#### Alerting Rules Configured",
        table("Alert | Severity | Condition | Notification | Runbook | Where", alerts,
              _nothing("alerts", "no alert", sheet)),
        "#### Logging",
        table("Log Source | Destination | Retention | Where", logs,
              _nothing("logging", "no place that logs go to", sheet)),
    )  # fmt: skip


def _nothing(what: Owned, words: str, sheet: Sheet) -> str:
    """That nothing of a kind is here: not proof that there is none, since it may stand elsewhere."""
    looked = f"{words} in {len(sheet.project.tree.paths)} files"
    where = sheet.report.settings.elsewhere.get(what)
    if where:
        return slot(f"not-owned-here: {looked}; it is at {markdown_text(where.where)}, by gatekeeper.yaml")
    if what in sheet.report.settings.owns:
        return f"none: {looked}, and gatekeeper.yaml says that {what} belong here"
    return slot(f"not-owned-here: {looked}; say where with `owns` or `elsewhere`")


def _dashboard(each: Listed, sheet: Sheet) -> tuple[str, ...]:
    uid = f" (uid {sheet.value(each.uid)})" if each.uid.present else ""
    panels = str(each.panels) if each.panels is not None else slot("unresolved")
    answer = f"{sheet.answer('dashboards-ready')}{uid}"
    return sheet.words(each.title), answer, _purpose(each, sheet), panels, sheet.at(each.node)


def _purpose(each: Listed, sheet: Sheet) -> str:
    """What it is for, by its own words, and what its queries ask for."""
    shown = f"queries {listed(each.shows, 2)}" if each.shows else ""
    said = sheet.words(each.description) if each.description.present else ""
    return "; ".join(part for part in (said.rstrip("."), shown) if part) or slot("needs-human")


# alerts


def _alert(each: Alarm, sheet: Sheet) -> tuple[str, ...]:
    return _prometheus(each, sheet) if isinstance(each, Alert) else _alarm(each, sheet)


def _prometheus(alert: Alert, sheet: Sheet) -> tuple[str, ...]:
    lasting = f" for {sheet.words(alert.node['for'])}" if alert.node["for"].present else ""
    severity = sheet.words(alert.severity) if alert.severity is not None else "none given"
    name = sheet.words(alert.node["alert"])
    condition = f"{sheet.value(alert.expr)}{lasting}"
    return name, severity, condition, _notified(routed(alert, sheet.project)), _runbook(alert, sheet), sheet.at(alert)


def _notified(found: Routed | None) -> str:
    if found is None:
        return slot("no routing tree here takes it")
    names = listed([_receiver(each) for each in found.receivers], 3)
    return names if found.certain else f"{names} {slot('depends on labels that the rule does not set')}"


def _receiver(each: Receiver) -> str:
    name = markdown_code(each.name)
    if each.node is None:
        return f"{name}: **not declared**"
    return f"{name}: {listed([markdown_text(kind) for kind in each.integrations], 4) or '**no integration**'}"


def _runbook(alert: Alert, sheet: Sheet) -> str:
    try:
        link = runbook_of(alert, sheet.project)
    except Unresolved:
        return slot("unresolved: filled in when it fires")
    if link is None:
        return "**none**"
    if link.missing:
        return f"**missing**: {markdown_text(link.missing)}"
    if link.path:
        return markdown_code(link.path)
    return f"{slot('elsewhere, not looked at')} {sheet.value(alert.runbook, 120)}"


def _alarm(each: Alarm, sheet: Sheet) -> tuple[str, ...]:
    severity = each.severity
    return (
        markdown_code(each.name),
        sheet.words(severity) if severity is not None else "none given",
        _condition(each, sheet),
        _told(each, sheet),
        _described(each, sheet),
        sheet.at(each),
    )


def _described(each: Alarm, sheet: Sheet) -> str:
    """The runbook that the words of an alarm name."""
    said = each.runbook if each.runbook is not None else each.summary
    if said is None:
        return "**none**"
    if not said.known:
        return slot("unresolved")
    paths = [path for word in said.text.split() if (path := word.strip(".,;:()[]")) in sheet.project.tree]
    if paths:
        return listed([markdown_code(path) for path in paths], 2)
    return slot("elsewhere, not looked at") if "://" in said.text else "**none**"


def _condition(each: Alarm, sheet: Sheet) -> str:
    if not each.bounds:
        return slot("unresolved: what it compares is not all written, or not read that far")
    return listed([_bound(bound, sheet) for bound in each.bounds], 3)


def _bound(bound: Bound, sheet: Sheet) -> str:
    """`p95 of response_time_seconds > 1 s over 300 s for 600 s`."""
    of = f"p{bound.quantile * 100:g} of " if bound.quantile is not None else ""
    limit = f"{bound.limit * 100:g} %" if bound.unit == "ratio" else f"{bound.limit:g}"
    unit = " s" if bound.unit == "seconds" else ""
    words = sheet.value(Node(f"{of}{bound.metric} {bound.comparator} {limit}{unit}", bound.at.source, bound.at.mark))
    over = f" over {bound.window:g} s" if bound.window else ""
    return f"{words}{over}{f' for {bound.held:g} s' if bound.held else ''}"


def _told(each: Alarm, sheet: Sheet) -> str:
    if isinstance(each, RoutedAlarm):
        return _notified(routed(each, sheet.project))
    if each.backend != "cloudwatch":
        return slot(f"unresolved: whom {each.backend or 'this kind of alarm'} tells is not followed")
    from gatekeeper.links.alarm_actions import actions_of

    resource: Resource = each.resource  # type: ignore[attr-defined]  # what makes it
    shown = []
    for action in actions_of(resource, sheet.project):
        behind = listed([markdown_text(word) for word in action.protocols], 3) or "no subscription here"
        shown.append(f"{markdown_code(action.topic)}: {behind if action.found else slot('unresolved')}")
    if shown:
        return listed(shown, 3)
    return slot("unresolved") if resource.present("alarm_actions") else "**no action**"


# logs


def _log(each: Log, sheet: Sheet) -> tuple[str, ...]:
    sources = listed([markdown_code(name) for name in each.sources], 3) or slot("nothing here says what writes to it")
    if each.forever:
        kept = "for ever: no retention is set"
    elif not each.days.present:
        kept = slot("no retention is written")
    else:
        kept = f"{sheet.words(each.days)} days"
    destination = f"{markdown_code(each.type)} {sheet.value(each.name)}"
    return sources, destination, kept, sheet.at(each.at)


def _flow(each: Flow, sheet: Sheet) -> tuple[str, ...]:
    sources = listed([markdown_code(name) for name in each.sources], 3) or slot("what it takes in is not written here")
    kept = sheet.words(each.kept) if each.kept is not None else slot("nothing here says for how long")
    return sources, markdown_code(each.destination), kept, sheet.at(each.at)
