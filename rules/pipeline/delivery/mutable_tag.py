from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.image_chain import Image, Images, images_of
from gatekeeper.links.image_names import is_open
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Answer, rule

_MOVING = frozenset(
    "latest main master develop dev trunk staging stage prod production release stable edge nightly current live test "
    "$GITHUB_REF_NAME $CI_COMMIT_REF_NAME $CI_COMMIT_REF_SLUG $CI_COMMIT_BRANCH $BRANCH_NAME".split()
)
_FIXED = ("GITHUB_SHA", "RUN_ID", "RUN_NUMBER", "CI_COMMIT_SHA", "CI_COMMIT_SHORT_SHA", "CI_PIPELINE", "BUILD_NUMBER",
          "BUILD_ID", "BUILD_TAG", "GIT_COMMIT", "COMMIT_TAG")  # fmt: skip


def _images(job: Job) -> Images:
    return images_of((job, *job.ancestors()))


def _moves(image: Image, job: Job) -> bool | None:
    """Whether the name means another image tomorrow; None when nobody can tell."""
    name = image.name
    if name.digest:
        return False
    tag = name.tag.replace("${", "$").replace("}", "") if name.tag.startswith("${") else name.tag
    if tag in _MOVING:
        on_tags = {trigger.ref for trigger in job.root.pipeline.triggers} <= {"tag", "release"}
        return not (on_tags and tag == "$GITHUB_REF_NAME")
    if any(word in tag for word in _FIXED) or not is_open(tag):
        return False
    return None


def _deployed(job: Job) -> bool:
    images = _images(job)
    return bool(images.deployed or (images.restarts and images.pushed))


@rule(
    "pipeline-mutable-tag-deployed",
    gate="deployment-rollback",
    severity="medium",
    seed="3.2 Deployment Strategies; Best Practices: Immutable Infrastructure",
    where=lambda job, project: production_of(job, project) is not None and _deployed(job),
)
def mutable_tag(job: Job, project: Project) -> Iterator[Answer]:
    """The deployment names an image that stays what it is: by a digest, or a tag of the commit, build or version.

    `shop:latest` and `shop:main` mean another image after the next push. Nobody can say what runs, two pods of one
    Deployment may run two versions, and there is no previous version to go back to: its tag has moved.

    Judged are the images that the pipeline's own steps deploy by name, and a restart of what runs (`kubectl rollout
    restart`, `--force-new-deployment`) behind a push of moving tags alone. What manifests name is judged there.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: docker/build-push-action@v6
            with: {push: true, tags: "acme/shop:latest,acme/shop:${{ github.sha }}"}
          # expect: acme/shop:latest
          - run: gcloud run deploy shop --image acme/shop:latest
    ```

    Bad, a restart takes what the tag means now:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: docker build -t acme/shop . && docker push acme/shop
          # expect: only acme/shop:latest is pushed
          - run: aws ecs update-service --cluster shop --service shop --force-new-deployment
    ```

    Bad, a branch:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: acme/shop:$GITHUB_REF_NAME
          - run: kubectl set image deployment/shop shop=acme/shop:${{ github.ref_name }}
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl set image deployment/shop shop=acme/shop:${{ github.sha }}
    ```

    Good, a version:
    ```yaml
    on: {push: {tags: ["v*"]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: flyctl deploy --image acme/shop:${{ github.ref_name }}
    ```

    Unknown:
    ```yaml
    on:
      workflow_dispatch: {inputs: {tag: {type: string}}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: flyctl deploy --image acme/shop:${{ inputs.tag }}
    ```
    """
    images = _images(job)
    production = production_of(job, project)
    assert production is not None
    verdicts = [(image, _moves(image, job)) for image in images.deployed]
    moving = [image for image, verdict in verdicts if verdict]
    open_ = [image for image, verdict in verdicts if verdict is None]
    fix = Fix("deploy by the digest that the push returns, or by a tag of the commit")
    if moving and production.certain:
        yield Finding(moving[0].step, f"{moving[0].words} is deployed: what it means moves with every push", fix=fix)
    elif moving:
        yield Unknown(moving[0].step, f"{moving[0].words} moves; held to be production because {production.why}")
    elif open_:
        yield Unknown(open_[0].step, f"whether {open_[0].words} is a tag that moves is known only when it runs")
    elif images.restarts and not images.deployed:
        yield from _restarted(job, images, production.certain, production.why)


def _restarted(job: Job, images: Images, certain: bool, why: str) -> Iterator[Answer]:
    step = images.restarts[0]
    fixed = [image for image in images.pushed if not _moves(image, job)]
    names = ", ".join(sorted({image.words for image in images.pushed})[:3])
    if fixed or images.open("image", "imagepush") is not None:
        yield Unknown(step, f"what is restarted names its image elsewhere; {names} are pushed")
    elif not certain:
        yield Unknown(step, f"only {names} is pushed, which moves; held to be production because {why}")
    else:
        fix = Fix("push a tag of the commit, and deploy that")
        words = f"only {names} is pushed, and a restart takes what that means now"
        yield Finding(step, words, (Note(images.pushed[0].step, "pushes it"),), fix)
