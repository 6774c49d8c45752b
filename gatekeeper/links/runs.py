"""Which job of a pipeline here a job of a run is."""

from __future__ import annotations

from gatekeeper.models.evidence.facts import Run, Stage
from gatekeeper.models.pipeline import Job
from gatekeeper.node import regex

_EXPRESSION = regex(r"\$\{\{[^}]*\}\}")
_INSTANCE = regex(r"( \(.*\)| \d+/\d+|: \[.*\])?\Z")  # of a matrix, as GitHub and GitLab name it


def is_of(job: Job, stage: Stage, run: Run) -> bool:
    """Whether a stage of a run is that job: by its title or id, behind its callers' and with its matrix.

    A job whose name is all expressions is one that no other job's name fits.
    """
    top = job.root.pipeline
    if run.name and run.name not in (top.title, top.path, top.name):
        return False
    literals = _literals(job)
    if any(literals):
        return _named(stage.name, literals)
    others = (_literals(other) for other in top.all_jobs)
    return bool(run.name) and not any(_named(stage.name, said) for said in others if any(said))


def _literals(job: Job) -> list[str]:
    """What is certain of the name that a run gives a job, between the expressions in it."""
    names = [job.title or job.id]
    caller = job.pipeline.caller
    while caller:
        names.insert(0, caller.title or caller.id)
        caller = caller.pipeline.caller
    return _EXPRESSION.split(" / ".join(names))


def _named(name: str, literals: list[str]) -> bool:
    """Whether a name has those literals in their order, and at most the words of a matrix behind them."""
    first, *others = literals
    if not name.startswith(first):
        return False
    at = len(first)
    for literal in others[:-1]:
        found = name.find(literal, at)
        if found < 0:
            return False
        at = found + len(literal)
    if others:
        found = name.rfind(others[-1], at)
        at = found + len(others[-1])
        if found < 0:
            return False
    return bool(_INSTANCE.match(name, at))
