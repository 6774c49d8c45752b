"""Plans of Terraform to what they say: of the resources here, or, where none of their files are here, by themselves."""

from __future__ import annotations

from gatekeeper.models.evidence import Evidence
from gatekeeper.models.evidence.facts import Plan
from gatekeeper.project import Project
from gatekeeper.proof import proofs

FORMAT = "terraform_plan"


def take_in(project: Project) -> None:
    """Give the project the plans that hold. A plan without files is what is judged: nothing has to bind it to any."""
    evidence = [each for each in project.all(Evidence) if isinstance(each.facts, Plan)]
    if not evidence:
        return
    from gatekeeper.models.terraform import Configuration
    from gatekeeper.models.terraform.plans import HeldPlan, alone

    configuration = project.tree.once(Configuration)
    if configuration.directories:
        held = proofs(Plan, project, [FORMAT], max_age=project.settings.thresholds.drift_max_age).held
        project.add(HeldPlan(each.evidence, each.facts) for each in held)
        return
    for each in evidence:
        assert isinstance(each.facts, Plan)
        project.add(alone(each, each.facts, configuration))
