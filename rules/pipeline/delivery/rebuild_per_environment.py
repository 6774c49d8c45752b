from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.promotion import choice_of, lower_of
from gatekeeper.models.pipeline import Fact, Job, before
from gatekeeper.rule import Answer, Reason, rule


def _builds(job: Job) -> list[Fact]:
    """The builds of images before a deployment, by an action or command of its own steps or of its scripts."""
    kinds = ("image",)
    return [fact for fact in before(job) if fact.kind in kinds and fact.strength != "name"]


def _several(job: Job, project: Project) -> bool:
    """It deploys an image to production, and something deploys the same to another environment."""
    production = production_of(job, project)
    if production is None or not _builds(job):
        return False
    return production.parametric or any(_builds(lower.job) for lower in lower_of(job, project))


@rule(
    "pipeline-rebuild-per-environment",
    gate="environments",
    severity="medium",
    seed="2.1 IaC Best Practices; Best Practices: Immutable Infrastructure",
    where=_several,
)
def rebuild_per_environment(job: Job, project: Project) -> Iterator[Answer]:
    """Production gets the image that was tested in the other environments, not a build of its own.

    A second build of the same commit is another image: the base image has moved, a package was released since, the
    cache was cold. What staging has shown is then true of an image that production never runs. Build once, and deploy
    that digest to one environment after the other.

    Judged are production jobs before which an image is built while something deploys the same thing to a lower
    environment. One build that both wait for is the good case.

    Bad:
    ```yaml .github/workflows/staging.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: staging
        steps:
          - run: docker build -t acme/shop:staging . && docker push acme/shop:staging
          - run: helm upgrade --install shop ./chart
    ```
    ```yaml .github/workflows/production.yml
    on: {release: {types: [published]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: builds an image of its own
          - run: docker build -t acme/shop:production . && docker push acme/shop:production
          - run: helm upgrade --install shop ./chart
    ```

    Bad, one for each entry of a matrix:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        strategy:
          matrix: {environment: [staging, production]}
        runs-on: ubuntu-latest
        environment: ${{ matrix.environment }}
        steps:
          # expect: for each environment
          - uses: docker/build-push-action@v6
            with: {push: true, tags: "acme/shop:${{ matrix.environment }}"}
          - run: helm upgrade --install shop ./chart
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      image:
        runs-on: ubuntu-latest
        steps:
          - uses: docker/build-push-action@v6
            with: {push: true, tags: "acme/shop:${{ github.sha }}"}
      staging:
        needs: image
        runs-on: ubuntu-latest
        environment: staging
        steps:
          - run: helm upgrade --install shop ./chart --set tag=${{ github.sha }}
      production:
        needs: [image, staging]
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart --set tag=${{ github.sha }}
    ```

    Unknown, whoever starts it chooses:
    ```yaml
    on:
      workflow_dispatch: {inputs: {environment: {type: choice, options: [staging, production]}}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: ${{ inputs.environment }}
        steps:
          - run: docker build -t acme/shop . && docker push acme/shop
          - run: helm upgrade --install shop ./chart
    ```
    """
    production = production_of(job, project)
    builds = _builds(job)
    assert production is not None
    fix = Fix("build once, and deploy that digest to every environment")
    own = [fact for fact in builds if fact.step.job is job]
    if production.parametric:
        how = choice_of(job)
        if own and how in ("at once", "in order"):
            yield Finding(own[0].place, f"{job.id} builds an image for each environment", fix=fix)
        elif own or how not in ("at once", "in order"):
            words = "an image is built for each start, and whoever starts it chooses the environment"
            yield Unknown(builds[0].place, words, Reason.NEEDS_HUMAN)
        return
    for lower in lower_of(job, project):
        theirs = _builds(lower.job)
        if not theirs:
            continue
        if {id(fact.step) for fact in theirs} & {id(fact.step) for fact in builds}:
            return
        words = f"builds an image of its own for production; {lower.name} has another"
        see = (Note(theirs[0].place, f"builds the image for {lower.name}"),)
        if not production.certain:
            yield Unknown(builds[0].place, f"{words}; held to be production because {production.why}")
        else:
            yield Finding(builds[0].place, words, see, fix)
        return
