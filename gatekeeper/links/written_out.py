"""Alerts over recorded series: their expressions with what the recording rules of this repository store."""

from __future__ import annotations

from gatekeeper.models.prometheus import Alert, RecordingRule
from gatekeeper.node import regex
from gatekeeper.project import Project

_NAME = regex(r"(?<![\w:])[A-Za-z_]\w{0,100}:[\w:]{1,200}(?![\w:])[ \t]{0,4}(\{)?")
_DEPTH = 3  # rules over what other rules record
_LONGEST = 8000


def expanded(alert: Alert, project: Project) -> str:
    """The expression of an alert with the recorded series that it reads written out; '' where that cannot be done.

    A series that two rules record, or that is read with conditions on its labels, stays as it is.
    """
    text = alert.expr.text if alert.expr.known else ""
    if ":" not in text:
        return ""
    recorded = project.once("recorded expressions", _recorded)
    for _ in range(_DEPTH):
        names = {
            found[0].strip(" \t")
            for found in _NAME.finditer(text)
            if not found[1] and recorded.get(found[0].strip(" \t"))
        }
        if not names:
            break
        text = _NAME.sub(lambda found: _written_out(found[0], recorded), text)
        if len(text) > _LONGEST:
            return ""
    return text


def _written_out(found: str, recorded: dict[str, str]) -> str:
    expression = recorded.get(found.strip(" \t"), "")
    return f"({expression})" if expression else found


def _recorded(project: Project) -> dict[str, str]:
    """What each name stands for; '' where several rules record it."""
    found: dict[str, str] = {}
    for rule in project.all(RecordingRule):
        expression = rule.expr.text.strip() if rule.expr.known and "#" not in rule.expr.text else ""
        known = found.get(rule.record, expression)
        found[rule.record] = expression if known == expression else ""
    return found
