from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import SCANS, TESTS, Fact
from gatekeeper.models.pipeline.gitlab import GitlabJob
from gatekeeper.rule import rule

_CHECKS = (("tests", TESTS), ("scans", SCANS - {"analysis"}))


def _judged(job: GitlabJob, project: Project) -> bool:
    return job.explicit and job.deploy is not None and production_of(job, project) is not None


def _earlier(job: GitlabJob, kinds: frozenset[str]) -> list[Fact]:
    """Checks in earlier stages that could stop a pipeline, in jobs that run when the deployment does."""
    found = []
    for other in job.pipeline.jobs:
        if isinstance(other, GitlabJob) and other.position < job.position and _ways(other) & _ways(job):
            found += [f for f in other.facts if f.kind in kinds and f.strength != "name" and f.blocking != "no"]
    return found


def _ways(job: GitlabJob) -> set[tuple[str, str, str]]:
    return {(trigger.event, trigger.ref, trigger.branch) for trigger in job.starts}


@rule(
    "gitlab-needs-skips-stages",
    gate="tests",
    severity="high",
    seed="3.3 Quality Gates: unit tests must pass",
    where=_judged,
)
def needs_skips_stages(job: GitlabJob, project: Project) -> Iterator[Finding]:
    """A production deployment with `needs` waits for the tests and scans of the stages before it.

    `needs` takes a job out of the order of the stages: it starts as soon as the jobs that are named there are done, and
    with `needs: []` at once. Tests and scans in earlier stages then run beside the deployment, and their failure comes
    too late. Found is a deployment that waits for none of the tests, or none of the scans, that stand before it.

    Bad:
    ```yaml
    stages: [build, test, deploy]
    build: {stage: build, script: [docker build -t shop .]}
    test: {stage: test, script: [pytest]}
    deploy:
      stage: deploy
      # expect: starts without the tests of earlier stages: test
      needs: [build]
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Bad, at once:
    ```yaml
    stages: [scan, deploy]
    gitleaks: {stage: scan, script: [gitleaks detect]}
    deploy:
      stage: deploy
      # expect: starts without the scans of earlier stages: gitleaks
      needs: []
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, through another job:
    ```yaml
    stages: [build, test, staging, deploy]
    build: {stage: build, script: [docker build -t shop .]}
    test: {stage: test, script: [pytest]}
    staging: {stage: staging, environment: staging, script: [kubectl apply -f k8s/]}
    deploy:
      stage: deploy
      needs: [staging]
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, the tests of its own part:
    ```yaml
    stages: [test, deploy]
    test-api: {stage: test, script: [pytest api]}
    test-web: {stage: test, script: [npx jest]}
    deploy-api:
      stage: deploy
      needs: [test-api]
      environment: production
      script: [kubectl apply -f k8s/api/]
    ```
    """
    above = job.ancestors()
    for words, kinds in _CHECKS:
        skipped = [fact for fact in _earlier(job, kinds) if fact.step.job not in above]
        met = any(fact.kind in kinds for each in above for fact in each.facts)
        if skipped and not met:
            names = ", ".join(list(dict.fromkeys(fact.step.job.id for fact in skipped))[:3])
            see = tuple(Note(fact.place, f"{fact.kind} that it does not wait for") for fact in skipped[:3])
            fix = Fix(f"name {names} in needs, or remove needs")
            yield Finding(
                job.node["needs"], f"{job.id} starts without the {words} of earlier stages: {names}", see, fix
            )
