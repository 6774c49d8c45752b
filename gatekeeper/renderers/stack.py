"""What the repository is built with, and how many rules judged each of it in this run."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.audit import Report
from gatekeeper.catalogue import judging
from gatekeeper.links.technologies import Technology, technologies


class Used(NamedTuple):
    """A technology, how many rules there are for it among those that ran, and how many had something to judge."""

    technology: Technology
    rules: int
    judged: int

    @property
    def words(self) -> str:
        if not self.rules:
            return "recognised only: no rule of this run judges it"
        return f"{self.judged} of {self.rules} rules had something to judge"


def stack(report: Report) -> list[Used]:
    judged = {outcome.rule.id for outcome in report.outcomes if outcome.judged}
    found = []
    for each in technologies(report.project):
        rules = judging(each.known, report.rules)
        found.append(Used(each, len(rules), sum(1 for rule in rules if rule.id in judged)))
    return found
