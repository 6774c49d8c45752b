"""GitLab's code quality report. Waived findings are left out: the format has no word for them."""

from __future__ import annotations

from gatekeeper.audit import Report
from gatekeeper.renderers.places import path_of
from gatekeeper.renderers.sanitise import json_text, visible

_SEVERITIES = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def render(report: Report) -> str:
    return json_text(
        [
            {
                "description": visible(each.finding.message),
                "check_name": each.rule.id,
                "fingerprint": each.fingerprint,
                "severity": _SEVERITIES.get(each.severity, "info"),
                "location": {
                    "path": path_of(each.at, report),
                    "lines": {"begin": max(each.at.span.line, 1), "end": max(each.at.span.end_line, 1)},
                },
            }
            for each in report.findings
            if not each.waiver
        ]
    )
