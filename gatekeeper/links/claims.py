"""What the gates and criteria that a ticked claim names came to."""

from __future__ import annotations

from gatekeeper.models.claims import EVERYTHING, Claim
from gatekeeper.project import Project

_FROM_WORST = ("FAIL", "ERROR", "UNKNOWN", "WAIVED")


def claimed(claim: Claim, project: Project) -> dict[str, str]:
    """The status of each gate or criterion that the claim names, as far as this audit asked for it."""
    if EVERYTHING in claim.meant:
        found = set(project.gates.values())
        worst = next((status for status in _FROM_WORST if status in found), "PASS")
        return {"the repository": worst} if found else {}
    statuses = {**project.verdicts, **project.gates}
    return {name: statuses[name] for name in claim.meant if name in statuses}
