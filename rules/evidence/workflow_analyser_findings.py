from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.models.evidence import Analysed
from gatekeeper.proof import analysed_by
from gatekeeper.rule import Answer, rule


@rule(
    "workflow-analyser-findings",
    gate="workflow-security",
    severity="medium",
    seed="Best Practices Checklist: Shift Left Security",
    where=lambda analysed: analysed.tool in ("zizmor", "actionlint"),
)
def workflow_analyser_findings(analysed: Analysed, project: Project) -> Iterator[Answer]:
    """zizmor and actionlint find nothing more in the workflows.

    `audit --with zizmor,actionlint` runs them beside our rules. What one of these says already is not said twice: that
    finding names the other tool's check. Where our rule judged the same file and passed it, the other tool's result is
    shown as a low one, so that the difference is seen. actionlint grades nothing: what breaks a run is medium, a secret
    or a stranger's text high, all else low. A tool that is missing, crashes or reads nothing has found nothing out.
    """
    yield from analysed_by(analysed, project)
