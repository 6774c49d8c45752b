"""Section 6: dashboards, alerts and whom they reach, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gatekeeper.links.alerting import alarms
from gatekeeper.links.dashboards import Dashboard, dashboards
from gatekeeper.links.logs import Log, log_places, shippers
from gatekeeper.links.receivers import Receiver, Routed, routed
from gatekeeper.links.runbooks import runbook_of
from gatekeeper.models import Subject
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


def _dashboard(each: Dashboard, sheet: Sheet) -> tuple[str, ...]:
    uid = f" (uid {sheet.value(each.uid)})" if each.uid.present else ""
    purpose = sheet.words(each.description) if each.description.present else slot("needs-human")
    panels = str(each.panels) if each.panels is not None else slot("unresolved")
    return sheet.words(each.title), f"{sheet.answer('dashboards-ready')}{uid}", purpose, panels, sheet.at(each.node)


# alerts


def _alert(each: Subject, sheet: Sheet) -> tuple[str, ...]:
    return _prometheus(each, sheet) if isinstance(each, Alert) else _alarm(cast("Resource", each), sheet)


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


def _alarm(each: Resource, sheet: Sheet) -> tuple[str, ...]:
    severity = next((each.node[key] for key in ("severity", "priority") if each.node[key].present), None)
    return (
        markdown_code(each.name),
        sheet.words(severity) if severity is not None else "none given",
        _condition(each, sheet),
        _told(each, sheet),
        _described(each, sheet),
        sheet.at(each),
    )


def _described(each: Resource, sheet: Sheet) -> str:
    """The runbook that the description of an alarm names."""
    said = next(
        (each.node[key] for key in ("alarm_description", "description", "message") if each.node[key].present), None
    )
    if said is None:
        return "**none**"
    if not said.known:
        return slot("unresolved")
    paths = [path for word in said.text.split() if (path := word.strip(".,;:()[]")) in sheet.project.tree]
    if paths:
        return listed([markdown_code(path) for path in paths], 2)
    return slot("elsewhere, not looked at") if "://" in said.text else "**none**"


def _condition(each: Resource, sheet: Sheet) -> str:
    node = each.node
    if each.type != "aws_cloudwatch_metric_alarm":
        return slot(f"unresolved: {each.type} is not read that far")
    parts = (node["statistic"], node["metric_name"], node["comparison_operator"], node["threshold"])
    if not all(part.known and part.present for part in parts):
        return slot("unresolved: a metric alarm whose condition is not all written")
    words = sheet.value(Node(" ".join(part.text for part in parts), node.source, parts[1].span))
    times = [node["evaluation_periods"], node["period"]]
    lasting = f" for {times[0].text} x {times[1].text} s" if all(t.known and t.present for t in times) else ""
    return f"{words}{lasting}"


def _told(each: Resource, sheet: Sheet) -> str:
    if not each.type.startswith("aws_cloudwatch_"):
        return slot(f"unresolved: {each.type} is not followed")
    from gatekeeper.links.alarm_actions import actions_of

    shown = []
    for action in actions_of(each, sheet.project):
        behind = listed([markdown_text(word) for word in action.protocols], 3) or "no subscription here"
        shown.append(f"{markdown_code(action.topic)}: {behind if action.found else slot('unresolved')}")
    if shown:
        return listed(shown, 3)
    return slot("unresolved") if each.present("alarm_actions") else "**no action**"


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
