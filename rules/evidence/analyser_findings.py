from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.models.evidence import Analysed
from gatekeeper.proof import analysed_by
from gatekeeper.rule import Answer, rule


@rule(
    "analyser-findings",
    gate="security-posture",
    severity="medium",
    seed="Best Practices: Shift Left Security",
    where=lambda analysed: analysed.tool not in ("zizmor", "actionlint"),
)
def analyser_findings(analysed: Analysed, project: Project) -> Iterator[Answer]:
    """The analysers that are run beside gatekeeper find nothing more.

    What one of our rules says already is not said twice: that finding names the other tool's check. Where our rule
    judged the same thing and passed it, the other tool's result is shown as a low one, so that the difference is seen.
    A check that contradicts the checklist is set aside: CKV_K8S_35 wants secrets as files, the checklist takes
    them from the environment by reference. Results that the tool does not grade are UNKNOWN, until
    `analyser: {checkov: {severity: medium}}` says how grave they are here. A tool that is missing, crashes, runs out of
    time or reads nothing has found nothing out.

    What zizmor and actionlint find in workflows is `workflow-analyser-findings`.
    """
    yield from analysed_by(analysed, project)
