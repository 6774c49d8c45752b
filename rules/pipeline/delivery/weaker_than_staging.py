from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import cannot_do_without, depends, production_of
from gatekeeper.links.pipelines import later, tests_for
from gatekeeper.links.promotion import After, Lower, after, lower_of
from gatekeeper.models.pipeline import SCANS, Fact, Job, Judgement, Level, before
from gatekeeper.rule import Answer, rule

_AFTERWARDS = frozenset({"smoke", "e2e", "dast", "verify"})
_CERTAINLY_NOT = frozenset({Level.ABSENT, Level.UNCONNECTED, Level.SOFT})


class _Lack(NamedTuple):
    """Something that a lower environment has and production has not; not `certain` where that is not settled."""

    words: str
    at: Fact
    certain: bool


def _lacks(job: Job, lower: Lower, project: Project) -> Iterator[_Lack]:
    for word, kinds in (("test", tests_for(job)), ("security scan", SCANS), ("approval", frozenset({"approval"}))):
        theirs = depends(lower.job, kinds, project)
        mine = depends(job, kinds, project)
        if theirs.level is not Level.ENFORCED or cannot_do_without(mine):
            continue
        if theirs.cites[0].strength != "name" and (word != "approval" or job.environment is None):
            yield _Lack(word, theirs.cites[0], _without(mine, lower) and not _promotes(job))
    checks = _afterwards(lower.job)
    own = _afterwards(job)
    if checks and checks[0].strength != "name" and not own:
        yield _Lack("check afterwards", checks[0], not _open(job))


def _without(mine: Judgement, lower: Lower) -> bool:
    """Whether production certainly does not wait for a check, or for none but that of the lower environment."""
    elsewhere = mine.level is Level.INDIRECT and all(
        fact.step.job.root.pipeline is lower.job.root.pipeline for fact in mine.cites
    )
    return mine.level in _CERTAINLY_NOT or elsewhere


def _afterwards(job: Job) -> list[Fact]:
    first = job.deploy
    facts = [fact for fact in job.facts if first is None or fact.order >= first.order]
    return [fact for each in (facts, *(each.facts for each in later(job))) for fact in each if fact.kind in _AFTERWARDS]


def _open(job: Job) -> bool:
    """Whether something behind the deployment is not known."""
    return any(each.unresolved or not all(step.classified for step in each.steps) for each in (job, *later(job)))


def _promotes(job: Job) -> bool:
    """Whether it takes what was built before: whoever built that may have tested it."""
    return not any(fact.kind in ("build", "image", "imagepush") for fact in (*before(job), *job.facts))


def _judged(job: Job, project: Project) -> list[Lower]:
    """The deployments to lower environments that production does not come after anyway."""
    return [each for each in lower_of(job, project) if after(job, each.job) is not After.WAITS]


@rule(
    "pipeline-production-weaker-than-staging",
    gate="production-approval",
    severity="medium",
    seed="3.3 Quality Gates",
    where=lambda job, project: production_of(job, project) is not None and bool(lower_of(job, project)),
)
def weaker_than_staging(job: Job, project: Project) -> Iterator[Answer]:
    """Production asks at least what the environments below it ask.

    A pipeline for staging that tests, scans and checks, beside one for production that only deploys, guards the place
    where a fault costs nothing. Compared are the tests, scans and approvals that a deployment of the same thing to a
    lower environment waits for, and whether something checks it afterwards. Where production waits for that deployment
    itself, it has all of that already.

    A production job that builds nothing takes what was built before, and whoever built it may have tested it: then what
    it lacks is UNKNOWN.

    Bad:
    ```yaml .github/workflows/staging.yml
    on: {push: {branches: [develop]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: staging
        steps:
          - run: pytest
          - run: docker build -t shop .
          - run: helm upgrade --install shop ./chart --wait
    ```
    ```yaml .github/workflows/production.yml
    on: {push: {branches: [main]}}
    jobs:
      # expect: no test, no check afterwards
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: docker build -t shop .
          - run: helm upgrade --install shop ./chart
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      staging:
        runs-on: ubuntu-latest
        environment: staging
        steps:
          - run: pytest
          - run: helm upgrade --install shop ./chart --wait
      production:
        needs: staging
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart --wait
    ```

    Unknown, it takes what staging built:
    ```yaml .github/workflows/staging.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: staging
        steps:
          - run: pytest
          - run: docker build -t shop .
          - run: helm upgrade --install shop ./chart --wait
    ```
    ```yaml .github/workflows/production.yml
    on: {release: {types: [published]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart --wait --set image.tag=${{ github.event.release.tag_name }}
    ```
    """
    production = production_of(job, project)
    assert production is not None
    for lower in _judged(job, project):
        lacks = list(_lacks(job, lower, project))
        if not lacks:
            continue
        sure = [each for each in lacks if each.certain]
        words = ", ".join(f"no {each.words}" for each in sure or lacks)
        message = f"{words} before {job.root.id} deploys to production; {lower.name} has that"
        if not sure:
            yield Unknown(job.root, f"{message}: whether that was done to what is deployed is not in the files")
        elif not production.certain:
            yield Unknown(job.root, f"{message}; held to be production because {production.why}")
        else:
            see = tuple(Note(each.at.place, each.at.step.label) for each in sure)
            yield Finding(job.root, message, see, Fix("ask of production what the lower environment asks"))
        return
