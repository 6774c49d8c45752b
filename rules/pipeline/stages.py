from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.pipelines import entries
from gatekeeper.models.pipeline import INFRASTRUCTURE, SCANS, TESTS, Fact, Pipeline, Step
from gatekeeper.rule import Reason, rule

_STAGES = (
    ("build", frozenset({"build", "image", "publish"})),
    ("lint", frozenset({"lint"})),
    ("type check", frozenset({"typecheck"})),
    ("test", TESTS),
    ("security scan", SCANS),
    ("image", frozenset({"image"})),
    ("smoke test", frozenset({"smoke", "e2e", "verify", "dast"})),
)
# Their compilers check types: a build or a test of theirs is a type check.
_TYPED = frozenset(
    "go cargo dotnet mvn gradle sbt swift xcodebuild tsc kotlinc javac stack cabal golangci-lint gotestsum".split()
)
_COMPILING = TESTS | {"build", "lint", "typecheck"}
_NO_IMAGE = frozenset("kubectl helm helmfile oc argocd skaffold nomad kapp flux werf".split())


def _rolls_out(pipeline: Pipeline) -> bool:
    """Whether it deploys a build of the service, and not infrastructure alone or a cluster of its own tests."""
    deploys = [
        fact for job in pipeline.deploys if "ephemeral" not in job.kinds for fact in job.facts if fact.kind == "deploy"
    ]
    return pipeline.entry and any(fact.tool not in INFRASTRUCTURE for fact in deploys)


@rule(
    "pipeline-stages",
    gate="pipeline-automation",
    severity="medium",
    seed="3.1 Pipeline Stages",
    where=_rolls_out,
)
def stages(pipeline: Pipeline, project: Project) -> Iterator[Finding | Unknown]:
    """A pipeline that deploys has every stage: build, lint, type check, test, scan, image and smoke test.

    Each stage finds what the others cannot, and the earlier it stands, the cheaper the fault. A stage counts wherever a
    workflow of the repository has it, by the action or command that runs it, by what a make target or package script
    runs, or by its name. A compiler of a typed language is a type check; an image is asked for only where containers
    are deployed. While there are steps that no table knows, a stage that was not seen is UNKNOWN and not missing, and
    the first of those steps are named. What shows the stages that are there is listed with the finding.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: npm ci
          - run: npx eslint .
          - run: npx jest
          - run: docker build -t shop .
          - run: kubectl apply -f k8s/
          - run: kubectl rollout status deployment/shop
    # expect: no type check, no security scan
    name: shop
    ```

    Good:
    ```yaml
    name: shop
    on: {push: {branches: [main]}}
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: npm ci
          - run: npm run lint
          - run: npm run typecheck
          - run: npm run test
          - run: npm run build
          - uses: snyk/actions/node@master
          - uses: docker/build-push-action@v5
      deploy:
        needs: build
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
          - run: ./scripts/smoke-test.sh
    ```

    Good, a typed language without an image:
    ```yaml
    name: site
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: golangci-lint run
          - run: go test ./...
          - run: go build ./...
          - run: govulncheck ./...
          - run: flyctl deploy
          - run: curl --fail https://example.com/health
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    stages: [check, image, deploy]
    check:
      stage: check
      image: node:22
      script: [npm ci, npx eslint ., npx tsc --noEmit, npx jest, npx vite build, npm audit]
    docker:
      stage: image
      script: docker build -t shop .
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/, kubectl rollout status deployment/shop]
    ```

    Bad, Jenkins: # expect: no lint, no security scan
    ```groovy Jenkinsfile
    pipeline {
      agent any
      stages {
        stage('Build') { steps { sh 'go build ./...' } }
        stage('Test') { steps { sh 'go test ./...' } }
        stage('Image') { steps { sh 'docker build -t shop .' } }
        stage('Deploy') { steps { sh 'kubectl apply -f k8s/ && kubectl rollout status deployment/shop' } }
      }
    }
    ```

    Unknown, an include that is elsewhere:
    ```yaml .gitlab-ci.yml
    include: [{project: platform/ci, file: checks.yml}]
    deploy:
      environment: production
      script: kubectl apply -f k8s/
    ```

    Unknown:
    ```yaml
    name: shop
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: acme/everything@v1
          - run: kubectl apply -f k8s/
    ```
    """
    shown, missing = _inventory(pipeline, project)
    if not missing:
        return
    words = ", ".join(f"no {name}" for name in missing)
    because = project.once("in the way of stages", lambda project: _in_the_way(entries(project)))
    if because:
        yield Unknown(pipeline, f"{words} recognised in any pipeline; {because}", Reason.UNRESOLVED)
    else:
        see = tuple(Note(fact.place, f"{name}: {fact.step.job.id}, {fact.step.label}") for name, fact in shown)
        yield Finding(pipeline, f"{words} in any pipeline", see, Fix("add the stages before the deployment"))


def _showing(facts: Iterable[Fact]) -> dict[str, Fact]:
    """For each stage that is there the first fact that shows it."""
    found: dict[str, Fact] = {}
    typed: Fact | None = None
    for fact in facts:
        for name, wanted in _STAGES:
            if name not in found and fact.kind in wanted:
                found[name] = fact
        if typed is None and fact.tool in _TYPED and fact.kind in _COMPILING:
            typed = fact
    if typed is not None:
        found.setdefault("type check", typed)
    return found


def _inventory(pipeline: Pipeline, project: Project) -> tuple[list[tuple[str, Fact]], list[str]]:
    """The stages that are there, each with a fact that shows it, and the names of those that are not."""
    anywhere = project.once(
        "stages anywhere", lambda project: _showing(fact for each in entries(project) for fact in each.facts)
    )
    own = _showing(pipeline.facts)
    containers = any(fact.kind == "deploy" and fact.tool in _NO_IMAGE for fact in pipeline.facts)
    shown: list[tuple[str, Fact]] = []
    missing: list[str] = []
    for name, _ in _STAGES:
        found = own.get(name) or anywhere.get(name)
        if found:
            shown.append((name, found))
        elif name != "image" or containers:
            missing.append(name)
    return shown, missing


def _in_the_way(pipelines: list[Pipeline]) -> str:
    """What keeps a stage from being called missing: steps that no table knows, or what is in another repository."""
    jobs = [job for each in pipelines for job in each.all_jobs]
    steps: list[Step] = [step for job in jobs for step in job.steps if not step.classified]
    if steps:
        named = ", ".join(dict.fromkeys(f"{step.job.id}: {step.words}" for step in steps[:3]))
        if len(steps) == 1:
            return f"1 step could not be classified ({named})"
        return f"{len(steps)} steps could not be classified ({named}{', …' if len(steps) > 3 else ''})"
    remote = next((job.unresolved for job in jobs if job.unresolved), "")
    if remote:
        return f"{remote} is in another repository"
    away = next((found for each in pipelines for found in each.unresolved), None)
    return f"{away.text}: {away.why}" if away else ""
