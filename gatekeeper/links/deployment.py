"""Whether this repository puts anything into production at all."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.project import Project

# Technologies whose files say that something is deployed from here, also when they cannot be read.
_DEPLOYING = ("kubernetes", "terraform", "cloudformation", "pulumi", "ansible", "docker")


class Deploys(NamedTuple):
    """The answer, and what it rests on."""

    deploys: bool
    proof: str


def deploys(project: Project) -> Deploys:
    """Whether there is anything here that is deployed; the proof counts what was looked at."""
    return project.once("deploys", _deploys)


def _deploys(project: Project) -> Deploys:
    present = project.technologies()
    found = [technology for technology in _DEPLOYING if technology in present]
    if found:
        return Deploys(True, f"{', '.join(found)} here")
    nothing = project.none_of(_DEPLOYING)
    if "pipeline" not in present:
        return Deploys(False, nothing)
    from gatekeeper.models.pipeline import Job

    jobs = project.all(Job)
    deploying = next((job for job in jobs if job.deploy), None)
    if deploying:
        return Deploys(True, f"{deploying.name} deploys")
    open_ = sum(not step.classified for job in jobs for step in job.steps)
    steps = f" (what {open_} {'step does' if open_ == 1 else 'steps do'} is not known)" if open_ else ""
    return Deploys(False, f"none of {len(jobs)} jobs deploys{steps}, {nothing}")
