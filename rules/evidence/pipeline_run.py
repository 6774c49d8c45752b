from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models import Subject
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Run, Stage
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule

_RUNNING = {
    "", "queued", "in_progress", "waiting", "pending", "requested", "created", "running", "preparing", "scheduled",
    "waiting_for_resource", "manual",
}  # fmt: skip


@rule("pipeline-run", gate="pipeline-success", severity="high", seed="12. Quality Gates Status: all stages pass")
def pipeline_run(revision: Revision, project: Project) -> Iterator[Answer]:
    """Every job of this commit's run succeeded.

    Only success is success: a skipped, cancelled or neutral job did not pass its stage, although the platform may call
    the run green. Jobs that need not have run, such as the one that runs this gate, are named in the settings:
    `thresholds: {pipeline: {leave_out: [gate]}}`. Where jobs here run tests, at least one of them must be in a run:
    the run of another workflow alone proves nothing about them.

    Bad: # expect: smoke-test was skipped
    ```json .gatekeeper/evidence/run.json
    {"headSha": "0123456789abcdef0123456789abcdef01234567", "headBranch": "main", "event": "push",
     "status": "completed", "conclusion": "success", "url": "https://github.com/acme/orders/actions/runs/1", "jobs": [
       {"name": "build", "status": "completed", "conclusion": "success"},
       {"name": "smoke-test", "status": "completed", "conclusion": "skipped"}]}
    ```

    Good:
    ```json .gatekeeper/evidence/run.json
    {"headSha": "0123456789abcdef0123456789abcdef01234567", "headBranch": "main", "event": "push",
     "status": "completed", "conclusion": "success", "url": "https://github.com/acme/orders/actions/runs/1", "jobs": [
       {"name": "build", "status": "completed", "conclusion": "success"}]}
    ```

    Unknown, the run of another workflow:
    ```json .gatekeeper/evidence/run.json
    {"headSha": "0123456789abcdef0123456789abcdef01234567", "headBranch": "main", "event": "schedule",
     "status": "completed", "conclusion": "success", "url": "https://github.com/acme/orders/actions/runs/1",
     "workflowName": "Nightly", "jobs": [{"name": "unit", "status": "completed", "conclusion": "success"}]}
    ```
    ```yaml .github/workflows/ci.yml
    name: CI
    on: push
    jobs:
      unit:
        runs-on: ubuntu-latest
        steps: [{run: make test}, {run: pytest}]
    ```

    Unknown, still running:
    ```json .gatekeeper/evidence/run.json
    {"headSha": "0123456789abcdef0123456789abcdef01234567", "headBranch": "main", "event": "push",
     "status": "in_progress", "conclusion": "", "url": "https://github.com/acme/orders/actions/runs/1", "jobs": [
       {"name": "build", "status": "in_progress", "conclusion": ""}]}
    ```
    """
    found = proofs(Run, project, ["github_run", "gitlab_jobs"])
    yield from found.open
    if not found.held and not found.open:
        yield from none(project, "no run of this commit")
    asked = [(held, _asked(held.facts, project)) for held in found.held]
    for held, stages in asked:
        yield from _judged(held, stages)
    if asked:
        yield from _of_other_pipelines([(held.facts, stages) for held, stages in asked], project)


def _asked(run: Run, project: Project) -> list[Stage]:
    """The jobs of a run but those that the settings leave out."""
    leave_out = project.settings.thresholds.pipeline.leave_out
    return [stage for stage in run.stages if not any(fnmatchcase(stage.name, pattern) for pattern in leave_out)]


def _of_other_pipelines(runs: list[tuple[Run, list[Stage]]], project: Project) -> Iterator[Unknown]:
    """A green run of the nightly documentation says nothing about the pipeline that tests."""
    if "pipeline.Job" not in Subject.registry:
        return
    from gatekeeper.links.pipelines import entries
    from gatekeeper.links.runs import is_of
    from gatekeeper.models.pipeline.kinds import TESTS

    testing = [job for pipeline in entries(project) for job in pipeline.all_jobs if job.kinds & TESTS]
    if testing and not any(is_of(job, stage, run) for job in testing for run, stages in runs for stage in stages):
        yield Unknown(testing[0], f"no run shows {testing[0].name}, nor another job that tests", Reason.WRONG_SUBJECT)


def _judged(held: Held[Run], stages: list[Stage]) -> Iterator[Answer]:
    run = held.facts
    passed = sum(1 for stage in stages if stage.conclusion == "success")
    if run.status in _RUNNING - {""} and not any(stage.conclusion in _RUNNING for stage in run.stages):
        words = f"{held.evidence.path}: the run has not finished; jobs that have not begun are not listed"
        yield Unknown(held.at, words, Reason.NO_EVIDENCE)
    if all(stage.conclusion == "success" for stage in run.stages) and run.conclusion not in ("", "success"):
        words = f"{held.evidence.path}: every job that is listed succeeded, and the run did not: {run.conclusion}"
        yield Unknown(held.at, words, Reason.EMPTY)
    left = len(run.stages) - len(stages)
    words = f"{passed} of {len(stages)} jobs succeeded" + (f", {left} left out" if left else "")
    yield held.measure(words, len(stages))
    for stage in stages:
        if stage.conclusion in _RUNNING:
            yield Unknown(held.line(stage.line), f"{stage.name} has not finished", Reason.NO_EVIDENCE)
        elif stage.conclusion != "success":
            yield Finding(held.line(stage.line), _words(stage), (), Fix("run it, or name it under leave_out"))


def _words(stage: Stage) -> str:
    allowed = ", which the pipeline allows" if stage.allowed_to_fail else ""
    verb = "was" if stage.conclusion in ("skipped", "cancelled", "canceled") else "ended with"
    return f"{stage.name} {verb} {stage.conclusion}{allowed}"
