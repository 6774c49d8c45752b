from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import SCANS, TESTS, Job, play
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.rule import rule

_SAID_ELSEWHERE = TESTS | SCANS | {"approval"}
_MATTERS = frozenset("build image imagepush publish lint typecheck plan validate migrate sign deploy".split())


def judged(job: Job) -> list[Job]:
    """The jobs above a deployment that it builds on, tests, scans and approvals aside."""
    return [
        each
        for each in job.ancestors()
        if not each.kinds & _SAID_ELSEWHERE and _MATTERS & {f.kind for f in each.facts if f.strength != "name"}
    ]


@rule(
    "pipeline-deploy-although-failed",
    gate="pipeline-automation",
    severity="high",
    seed="3.1 Pipeline Stages",
    where=lambda job, project: production_of(job, project) is not None and bool(judged(job)),
)
def although_failed(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """Production is not deployed when a build, a plan or a migration before it failed.

    With `if: always()` a deployment runs whatever became of the jobs that it needs: it rolls out the image of last
    week, or code whose database was not migrated. Every `if:` is evaluated with the failure of each job before it.
    What tests, scans and approvals come to is judged by rules of their own (pipeline-deploy-needs-test,
    pipeline-deploy-needs-scan, pipeline-production-approval).

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      image:
        runs-on: ubuntu-latest
        steps:
          - uses: docker/build-push-action@v6
            with: {push: true, tags: acme/shop:latest}
      # expect: although image failed
      deploy:
        needs: image
        if: always()
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl rollout restart deployment/shop
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      image:
        runs-on: ubuntu-latest
        steps:
          - uses: docker/build-push-action@v6
            with: {push: true, tags: acme/shop:latest}
      deploy:
        needs: image
        if: always() && needs.image.result == 'success'
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl rollout restart deployment/shop
    ```

    Unknown:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      image:
        runs-on: ubuntu-latest
        steps:
          - uses: docker/build-push-action@v6
      deploy:
        needs: image
        if: always() && vars.READY == 'yes'
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl rollout restart deployment/shop
    ```

    Bad, GitLab:
    ```yaml .gitlab-ci.yml
    package: {stage: build, script: [docker build -t shop ., docker push shop]}
    # expect: its rules: lets it
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
      when: always
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    package: {stage: build, script: [docker build -t shop ., docker push shop]}
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```
    """
    production = production_of(job, project)
    verdicts = [(each, _although(job, each)) for each in judged(job)]
    sure = [each for each, verdict in verdicts if verdict]
    open_ = [each for each, verdict in verdicts if verdict is None]
    if production is None or not (sure or open_):
        return
    failed = (sure or open_)[0]
    if not sure:
        yield Unknown(job, f"whether {job.id} deploys although {failed.id} failed depends on {job.says_when}")
    elif not production.certain:
        words = f"deploys although {failed.id} failed; held to be production because {production.why}"
        yield Unknown(job, f"{job.id} {words}")
    else:
        fix = Fix(f"ask for the result: needs.{failed.id}.result == 'success'")
        note = (Note(failed, f"{failed.id} may fail"),)
        yield Finding(
            job, f"{job.id} deploys to production although {failed.id} failed: {job.says_when} lets it", note, fix
        )


def _although(job: Job, failed: Job) -> bool | None:
    """Whether the deployment runs in a run in which a job before it has failed."""
    pipeline = job.root.pipeline
    verdicts = set()
    for trigger in deploying(job):
        if play(pipeline, trigger).of(failed) is not False:
            verdicts.add(play(pipeline, trigger, {id(failed): "failure"}).of(job))
    return True if True in verdicts else None if None in verdicts else False
