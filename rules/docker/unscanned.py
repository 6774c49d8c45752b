from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models import Subject
from gatekeeper.models.docker import Dockerfile
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

if TYPE_CHECKING:
    from gatekeeper.models.pipeline import Pipeline, Step

_NOT_SHIPPED = regex(
    r"(?:^|[./_-])(?:dev|devel|development|devcontainer|tests?|testdata|fixtures?|examples?|samples?|demo|docs?|ci|"
    r"local|debug|templates?|vendor|third_party)(?:$|[./_-])",
    2,
)
_OTHER_CI = regex(
    r"(?:\.gitlab-ci\.yml|Jenkinsfile|azure-pipelines\.ya?ml|bitbucket-pipelines\.yml|\.travis\.yml|\.drone\.yml|"
    r"appveyor\.yml|cloudbuild\.ya?ml|\.circleci/config\.yml|\.buildkite/.*|\.tekton/.*|\.semaphore/.*|"
    r"\.woodpecker.*|\.cirrus\.yml|skaffold\.ya?ml|docker-bake\.(?:hcl|json)|\.goreleaser\.ya?ml)\Z"
)
_WHOLE = frozenset({"iacscan", "scan"})  # look through all files of the repository
_BUILDS = frozenset({"image", "imagescan"})


def _pipelines(project: Project) -> list[Pipeline]:
    model = Subject.registry.get("pipeline.Pipeline")
    return cast("list[Pipeline]", project.all(model)) if model else []


@rule(
    "docker-unscanned",
    gate="security-scan",
    severity="medium",
    seed="3.1 Pipeline Stages: Stage 2 Security Scan, Stage 3 Build & Push Image",
    where=lambda dockerfile, project: bool(_pipelines(project)) and not _NOT_SHIPPED.search(dockerfile.path.lower()),
)
def unscanned(dockerfile: Dockerfile, project: Project) -> Iterator[Answer]:
    """Every Dockerfile is built or scanned by a pipeline.

    One that no job touches is broken by the time somebody needs it, and nobody hears of the holes in it. A job that
    builds it, scans its image, or scans all files of the repository (checkov, trivy config) counts. While there is a
    step that nobody knows, or a build whose file is known only at run time, the answer is not known.

    Bad:
    ```dockerfile worker/Dockerfile
    # expect: no job
    FROM node:20
    ```
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: npm ci
          - run: npx jest
    ```

    Good:
    ```dockerfile worker/Dockerfile
    FROM node:20
    ```
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: docker build -t worker worker/
    ```

    Good, everything is scanned:
    ```dockerfile worker/Dockerfile
    FROM node:20
    ```
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: trivy config --exit-code 1 .
    ```

    Unknown:
    ```dockerfile worker/Dockerfile
    FROM node:20
    ```
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - uses: acme/build-everything@v1
    ```
    """
    pipelines = _pipelines(project)
    facts = [fact for pipeline in pipelines for fact in pipeline.facts]
    if any(fact.kind in _WHOLE for fact in facts):
        return
    builds = [fact.step for fact in facts if fact.kind in _BUILDS]
    if any(_is_of(step, dockerfile) for step in builds):
        return
    why = _doubt(pipelines, builds, project)
    if why:
        yield Unknown(dockerfile, f"whether a job builds or scans it cannot be told: {why}")
    else:
        yield Finding(dockerfile, "no job builds or scans it", fix=Fix("build it in the pipeline, and scan the image"))


def _is_of(step: Step, dockerfile: Dockerfile) -> bool:
    """Whether a building step names the Dockerfile or its folder; at the root, whether it names no other."""
    text = f"{step.run} {' '.join(step.inputs.values())} {step.folder or ''}"
    if dockerfile.folder:
        return dockerfile.folder in text or dockerfile.path in text
    plain = dockerfile.path in ("Dockerfile", "Containerfile")
    return dockerfile.path in text or (plain and "ockerfile" not in text)


def _understood(step: Step) -> bool:
    """Whether it is known what a step does, by more than its name."""
    return step.classified and all(fact.strength != "name" for fact in step.facts)


def _doubt(pipelines: list[Pipeline], builds: list[Step], project: Project) -> str:
    for path in project.tree.paths:
        if _OTHER_CI.match(path) or _OTHER_CI.match(path.rpartition("/")[2]):
            return f"{path[:80]} is not read"
    for pipeline in pipelines:
        for job in pipeline.all_jobs:
            if job.unresolved:
                return f"what {job.name[:60]} calls is not known"
            unknown = next((step for step in job.steps if not _understood(step)), None)
            if unknown is not None:
                return f"what {unknown.name[:60]} does is not known"
    for step in builds:
        if "$" in f"{step.run}{''.join(step.inputs.values())}" or "compose" in step.run or "bake" in step.run:
            return f"what {step.name[:60]} builds is known only at run time"
    return ""
