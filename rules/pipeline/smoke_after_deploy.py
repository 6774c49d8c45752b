from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import INFRASTRUCTURE, Job
from gatekeeper.rule import Reason, rule

_CHECKS = frozenset({"smoke", "e2e", "dast", "verify", "perf", "test"})


def _rolls_out(job: Job, project: Project) -> bool:
    """Whether it deploys a build of the service to production, and not infrastructure alone."""
    tools = {fact.tool for fact in job.facts if fact.kind == "deploy"}
    return production_of(job, project) is not None and not tools <= INFRASTRUCTURE


@rule(
    "pipeline-smoke-after-deploy",
    gate="deployment-rollback",
    severity="medium",
    seed="3.1 Pipeline Stages",
    where=_rolls_out,
)
def smoke_after_deploy(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """A production deployment is followed by a check that it works.

    `kubectl apply` succeeds as soon as the API server has taken the manifest; whether the new pods start is seen later,
    by users. A smoke test, a health request (`curl --fail`), an end-to-end test or a wait for the rollout
    (`kubectl rollout status`, `helm --wait`) after the deployment says so in time to roll back. It may stand in the
    same job or in one that needs it. Deployments of infrastructure alone (Terraform) are not meant.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: npx jest
          # expect: nothing checks it afterwards
          - run: kubectl apply -f k8s/
          - run: echo deployed
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - run: kubectl rollout status deployment/shop --timeout=5m
    ```

    Good, in a job that needs it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
      check:
        needs: deploy
        runs-on: ubuntu-latest
        steps:
          - run: curl --fail --retry 10 https://shop.example.com/health
    ```

    Unknown:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - uses: acme/verdict@v1
    ```
    """
    first = job.deploy or next(fact for fact in job.facts if fact.kind == "deploy")
    later = [each for each in job.root.pipeline.all_jobs if job in each.ancestors()]
    facts = [fact for fact in job.facts if fact.order >= first.order] + [fact for each in later for fact in each.facts]
    if any(fact.kind in _CHECKS for fact in facts):
        return
    steps = [step for step in job.steps if step.index > first.step.index] + [
        step for each in later for step in each.steps
    ]
    open_steps = [step for step in steps if not step.classified]
    remote = next((each.unresolved for each in (job, *later) if each.unresolved), "")
    production = production_of(job, project)
    if remote:
        yield Unknown(job.root, f"whether {remote}, which is in another repository, checks the deployment")
    elif open_steps:
        yield Unknown(open_steps[0], f"whether {open_steps[0].label} checks the deployment could not be told")
    elif any(fact.kind in ("trigger", "wait") for fact in facts):
        yield Unknown(job.root, "what the workflow that it starts does is not in this one", Reason.UNRESOLVED)
    elif production and not production.certain:
        yield Unknown(job.root, f"nothing checks it afterwards; held to be production because {production.why}")
    else:
        fix = Fix("add a smoke test after it, or wait for the rollout: kubectl rollout status")
        yield Finding(first.place, "deploys to production, and nothing checks it afterwards", (), fix)
