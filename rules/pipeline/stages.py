from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models.pipeline import INFRASTRUCTURE, SCANS, TESTS, Fact, Pipeline
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
_NO_IMAGE = frozenset("kubectl helm helmfile oc argocd skaffold nomad kapp flux werf".split())


def _rolls_out(pipeline: Pipeline) -> bool:
    """Whether it deploys a build of the service, and not infrastructure alone or a cluster of its own tests."""
    deploys = [
        fact for job in pipeline.deploys if "ephemeral" not in job.kinds for fact in job.facts if fact.kind == "deploy"
    ]
    return pipeline.entry and any(fact.tool not in INFRASTRUCTURE for fact in deploys)


def _everything(pipeline: Pipeline, project: Project) -> list[Fact]:
    return [fact for each in project.all(Pipeline) if each.entry or each is pipeline for fact in each.facts]


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
    are deployed. While there are steps that no table knows, a stage that was not seen is UNKNOWN and not missing.

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
    facts = _everything(pipeline, project)
    kinds = {fact.kind for fact in facts}
    tools = {fact.tool for fact in facts if fact.kind in TESTS | {"build", "lint", "typecheck"}}
    containers = any(fact.kind == "deploy" and fact.tool in _NO_IMAGE for fact in pipeline.facts)
    missing = []
    for name, wanted in _STAGES:
        typed = name == "type check" and bool(tools & _TYPED)
        if not (kinds & wanted or typed or (name == "image" and not containers)):
            missing.append(name)
    if not missing:
        return
    words = ", ".join(f"no {name}" for name in missing)
    every = [each for each in project.all(Pipeline) if each.entry or each is pipeline]
    open_steps = sum(1 for each in every for job in each.all_jobs for step in job.steps if not step.classified)
    remote = next((job.unresolved for each in every for job in each.all_jobs if job.unresolved), "")
    if open_steps or remote:
        because = f"{open_steps} steps could not be classified" if open_steps else f"{remote} is in another repository"
        yield Unknown(pipeline, f"{words} recognised in any workflow; {because}", Reason.UNRESOLVED)
    else:
        yield Finding(pipeline, f"{words} in any workflow", (), Fix("add the stages before the deployment"))
