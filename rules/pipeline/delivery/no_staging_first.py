from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import entries, production_of
from gatekeeper.links.environments import environments
from gatekeeper.links.promotion import After, Lower, after, choice_of, lower_of
from gatekeeper.models.pipeline import Class, Job
from gatekeeper.models.pipeline.environments import classify
from gatekeeper.rule import Answer, Reason, rule

_UNSURE = {
    After.APART: ("something else starts that: whether this commit was there first is not in the files", "needs-human"),
    After.UNKNOWN: ("whether production waits for that depends on its conditions", "unresolved"),
}
_RANK = (After.WAITS, After.UNKNOWN, After.APART, After.SOFT, After.BESIDE)


def _best(job: Job, found: list[Lower]) -> tuple[After, Lower]:
    """The deployment to a lower environment that production depends on most."""
    judged = [(after(job, each.job), each) for each in found]
    return min(judged, key=lambda pair: _RANK.index(pair[0]))


@rule(
    "pipeline-no-staging-first",
    gate="environments",
    severity="medium",
    seed="2.1 IaC Best Practices: Environment separation (dev, staging, prod)",
    where=lambda job, project: production_of(job, project) is not None,
)
def no_staging_first(job: Job, project: Project) -> Iterator[Answer]:
    """What goes to production was deployed to another environment first.

    The first run of a deployment is the one that finds the missing variable, the migration that locks the table, the
    image that does not start. It counts when the production job comes after a job that deploys the same thing to a
    lower environment and does not run when that failed, in the same pipeline or in one that it follows.

    Beside it is not after it. Where a tag, a release or a person starts production and a merge starts staging, the
    files do not tell whether that commit was there first, and the answer is UNKNOWN; so it is where the other
    environments are deployed elsewhere.

    Bad, beside it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy-staging:
        runs-on: ubuntu-latest
        environment: staging
        steps:
          - run: helm upgrade --install shop ./chart
      # expect: beside deploy-staging
      deploy-production:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart
    ```

    Bad, all at once:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: at the same time
      deploy:
        strategy:
          matrix: {environment: [staging, production]}
        runs-on: ubuntu-latest
        environment: ${{ matrix.environment }}
        steps:
          - run: helm upgrade --install shop ./chart
    ```

    Bad, no other environment:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: no pipeline deploys to another environment
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      staging:
        uses: ./.github/workflows/deploy.yml
        with: {environment: staging}
      production:
        needs: staging
        uses: ./.github/workflows/deploy.yml
        with: {environment: production}
    ```
    ```yaml .github/workflows/deploy.yml
    on:
      workflow_call: {inputs: {environment: {type: string}}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        environment: ${{ inputs.environment }}
        steps:
          - run: helm upgrade --install shop ./chart
    ```

    Good, stages of GitLab:
    ```yaml .gitlab-ci.yml
    stages: [staging, production]
    staging:
      stage: staging
      environment: staging
      script: helm upgrade --install shop ./chart
    production:
      stage: production
      environment: production
      when: manual
      script: helm upgrade --install shop ./chart
    ```

    Good, in one job:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        strategy:
          max-parallel: 1
          matrix: {environment: [staging, production]}
        runs-on: ubuntu-latest
        environment: ${{ matrix.environment }}
        steps:
          - run: helm upgrade --install shop ./chart
    ```

    Unknown, started by a release:
    ```yaml .github/workflows/staging.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: staging
        steps:
          - run: helm upgrade --install shop ./chart
    ```
    ```yaml .github/workflows/production.yml
    on: {release: {types: [published]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart
    ```

    Unknown, staging is elsewhere:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart --values values-production.yaml
    ```
    ```yaml values-staging.yaml
    replicas: 1
    ```
    """
    production = production_of(job, project)
    found = lower_of(job, project)
    assert production is not None
    if production.parametric:
        yield from _chosen(job)
    elif found:
        how, lower = _best(job, found)
        if how is After.WAITS:
            return
        see = (Note(lower.job, f"deploys to {lower.name}"),)
        if how in _UNSURE:
            words, reason = _UNSURE[how]
            yield Unknown(job.root, f"{lower.job.root.id} deploys to {lower.name}, and {words}", Reason(reason))
        elif not production.certain:
            yield Unknown(job.root, f"beside {lower.job.root.id}; held to be production because {production.why}")
        else:
            words = f"beside {lower.job.root.id}, not after it" if how is After.BESIDE else "also when staging failed"
            fix = Fix(f"let it need {lower.job.root.id}")
            yield Finding(job.root, f"{job.root.id} deploys to production {words}", see, fix)
    else:
        yield from _alone(job, project, production.certain, production.why)


def _chosen(job: Job) -> Iterator[Answer]:
    """One job for every environment."""
    how = choice_of(job)
    if how == "at once":
        fix = Fix("set `max-parallel: 1` and put production last, or make jobs of them that need one another")
        yield Finding(job, "deploys to production and to the other environments at the same time", fix=fix)
    elif how != "in order":
        words = "whoever starts it chooses the environment: whether another one comes first is not in the files"
        yield Unknown(job.root, words, Reason.NEEDS_HUMAN)


def _alone(job: Job, project: Project, certain: bool, why: str) -> Iterator[Answer]:
    words = "no pipeline deploys to another environment first"
    every = [each for pipeline in entries(project) for each in pipeline.all_jobs]
    remote = next((each.unresolved for each in every if each.unresolved), "")
    known = (each for each in environments(project) if each.cls is Class.NONPROD)
    other = next((each for each in known if classify(each.name, place=False) is Class.NONPROD), None)
    unread = next((fault for fault in project.faults if fault.reason == "unsupported-tool"), None)
    named = next((each for each in every if "deploy" in each.kinds and each.deploy is None), None)
    if other:
        yield Unknown(job.root, f"{words}; {other.name} is one, and what deploys it is not here", Reason.NOT_OWNED_HERE)
    elif remote:
        yield Unknown(job.root, f"{words}; {remote} is in another repository")
    elif unread:
        yield Unknown(job.root, f"{words}; {unread.source.path}: {unread.message}", Reason.UNSUPPORTED_TOOL)
    elif named:
        yield Unknown(job.root, f"{words}; what {named.id} deploys is said by its name alone")
    elif not certain:
        yield Unknown(job.root, f"{words}; held to be production because {why}")
    else:
        fix = Fix("deploy to a staging environment first, and let production need it")
        yield Finding(job.root, words, fix=fix)
