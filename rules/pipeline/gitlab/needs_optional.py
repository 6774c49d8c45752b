from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note, Project, Unknown
from gatekeeper.models.pipeline import SCANS, TESTS, Job, Trigger, play
from gatekeeper.models.pipeline.gitlab import GitlabJob
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_CHECKS = TESTS | SCANS | {"approval"}


def _gates(job: GitlabJob) -> list[Job]:
    """What it needs only where it is there, and that checks something."""
    found = [job.pipeline.job[id] for id in job.needs if id in job.optional and id in job.pipeline.job]
    return [gate for gate in found if gate.kinds & _CHECKS]


def _at(job: GitlabJob, gate: Job) -> Node:
    needs = job.node["needs"]
    return next((each["optional"] for each in needs if text_of(each["job"]) == gate.id), needs)


@rule(
    "gitlab-needs-optional",
    gate="tests",
    severity="medium",
    seed="3.3 Quality Gates: unit tests must pass",
    where=lambda job: job.deploy is not None and bool(_gates(job)),
)
def needs_optional(job: GitlabJob, project: Project) -> Iterator[Finding | Unknown]:
    """A check that a deployment needs is part of every pipeline that deploys.

    With `optional: true` a deployment waits for the check where the pipeline has it, and starts without it where the
    rules of the check leave it out. Found is a way to start the pipeline in which the deployment is there and the check
    is not.

    Bad:
    ```yaml
    test:
      stage: test
      script: [pytest]
      rules:
        - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    deploy:
      stage: deploy
      needs:
        - job: test
          # expect: deploys without test on a push to main
          optional: true
      environment: production
      script: [kubectl apply -f k8s/]
      rules:
        - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
    ```

    Good, the check is there wherever the deployment is:
    ```yaml
    test:
      stage: test
      script: [pytest]
    deploy:
      stage: deploy
      needs: [{job: test, optional: true}]
      environment: production
      script: [kubectl apply -f k8s/]
      rules:
        - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
    ```

    Unknown:
    ```yaml
    test:
      stage: test
      script: [pytest]
      rules:
        - changes: [src/**/*]
    deploy:
      stage: deploy
      needs: [{job: test, optional: true}]
      environment: production
      script: [kubectl apply -f k8s/]
      rules:
        - if: $CI_COMMIT_BRANCH == "main"
    ```
    """
    for gate in _gates(job):
        without = [(trigger, _left_out(gate, job, trigger)) for trigger in job.starts if trigger.ref != "dispatch"]
        certain = next((trigger for trigger, verdict in without if verdict), None)
        if certain:
            fix = Fix(f"let the rules of {gate.id} hold wherever {job.id} deploys, and remove optional")
            see = (Note(gate, "is not part of that pipeline"),)
            yield Finding(_at(job, gate), f"{job.id} deploys without {gate.id} on {certain.words}", see, fix)
        elif open_ := next((trigger for trigger, verdict in without if verdict is None), None):
            words = f"whether {gate.id} is there when {job.id} deploys on {open_.words} depends on its rules"
            yield Unknown(_at(job, gate), words)


def _left_out(gate: Job, job: Job, trigger: Trigger) -> bool | None:
    """Whether the deployment runs and the check is left out; None where the files do not say."""
    pipeline = job.root.pipeline
    runs, checks = play(pipeline, trigger).of(job), play(pipeline, trigger).of(gate)
    if runs is False or checks is True:
        return False
    return True if runs and checks is False else None
