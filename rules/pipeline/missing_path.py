from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline import Step
from gatekeeper.models.pipeline.files import Wanted, state_of, wanted
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_FETCHES = regex(r"git (?:checkout|switch|clone|pull|submodule|reset)|unzip|tar -?x|download")


def _checkout(step: Step) -> Step | None:
    """The step before it that checked out this repository, at the commit that runs, into the folder jobs start in."""
    found = None
    for each in step.job.steps[: step.index]:
        if each.slug == "actions/checkout":
            foreign = any(text_of(each.node["with"][name]) for name in ("ref", "repository", "path", "sparse-checkout"))
            found = None if foreign else each
    return found


def _forgot_checkout(step: Step) -> bool:
    """Whether the job has none, but means this repository: it uses another file that is here."""
    steps = step.job.steps
    if step.job.node["container"].present or any(each.slug == "actions/checkout" for each in steps):
        return False
    return any(what.path and not state_of(each, what) for each in steps for what in wanted(each))


def _may_be_made(step: Step, what: Wanted) -> bool:
    """Whether something before the use may have made the path."""
    base = {"make": "Makefile", "package": "package.json"}.get(what.how) or what.path.rstrip("/").rpartition("/")[2]
    mention = rf"^(?![ \t]*(?:chmod|ls|cat|test|\[)\b)[^#\n]{{0,2000}}{re.escape(base)}"

    def mentioned(text: str) -> bool:
        return base in text and bool(re.search(mention, text, re.MULTILINE))

    for each in step.job.steps[: step.index]:
        if each.slug.startswith(("actions/download-artifact", "actions/cache")) or (each.uses and not each.classified):
            return True
        if each.slug == "actions/checkout" and (text_of(each.node["with"]["path"]) or each is not _checkout(step)):
            return True
        if mentioned(each.run) or _FETCHES.search(each.run):
            return True
    lines = step.run.split("\n")
    earlier = "\n".join((*lines[: what.line], "".join(lines[what.line : what.line + 1]).partition(what.words)[0]))
    return mentioned(earlier) or "git " in earlier or bool(_FETCHES.search(earlier)) or _compiled(step, what)


def _compiled(step: Step, what: Wanted) -> bool:
    """Whether a script is what a compiler makes of one that is here."""
    stem, dot, kind = what.path.rpartition(".")
    source = {"js": "ts", "cjs": "cts", "mjs": "mts"}.get(kind, "")
    return bool(dot and source) and step.job.pipeline.workspace.exists(f"{stem}.{source}")


@rule(
    "pipeline-missing-path",
    gate="pipeline-automation",
    severity="high",
    seed="3.1 Pipeline Stages",
    where=lambda step: (
        step.job.pipeline.entry and bool(wanted(step)) and (_checkout(step) is not None or _forgot_checkout(step))
    ),
)
def missing_path(step: Step) -> Iterator[Finding]:
    """What a job runs or applies exists in the repository.

    A script that was moved, a manifest folder that was renamed, a make target or package script that nobody wrote: the
    job fails the first time it gets there, which for a deployment or a rollback is the worst moment. A script that is
    called by its path must also be executable.

    Judged after a checkout of this repository, in the folder the command runs in (`working-directory`, `cd`). Not
    judged: names with variables, what stands in a branch of the script or behind `||`, and what a step before may have
    made or fetched. A workflow that only other workflows call may run in another repository, and is not judged either.

    Bad:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # expect: scripts/deploy.sh
          - run: ./scripts/deploy.sh
          - run: |
              cd infra
              # expect: infra/k8s
              kubectl apply -f k8s/
          # expect: the Makefile has no target smoke
          - run: make smoke
          # expect: package.json has no script e2e
          - run: npm run e2e
    ```
    ```bash scripts/build.sh
    echo built
    ```
    ```yaml infra/kustomization.yaml
    resources: []
    ```
    ```make Makefile
    test: ; pytest
    ```
    ```json package.json
    {"scripts": {"test": "jest"}}
    ```

    Bad, beside a checkout that was forgotten:
    ```yaml .github/workflows/deploy.yml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
          # expect: does not exist
          - run: ./scripts/smoke-test.sh
    ```
    ```yaml k8s/app.yaml
    kind: List
    ```

    Good, unpacked by the step itself:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: |
              curl https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip -o awscliv2.zip
              unzip -q awscliv2.zip
              sudo ./aws/install
          - run: curl -s https://example.org/kit.tgz | tar -xz && ./kit/run.sh
    ```

    Good, compiled from a file that is here:
    ```yaml
    on: push
    jobs:
      users:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: |
              cd scripts
              npx tsc
              node ./add_users.js
    ```
    ```ts scripts/add_users.ts
    console.log("added")
    ```

    Good:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: ./scripts/build.sh
          - run: node dist/check.js && kubectl apply -f dist/
          - run: |
              if [ -f ./scripts/extra.sh ]; then ./scripts/extra.sh; fi
              ./scripts/$ENVIRONMENT.sh
              curl -fsSLo get.sh https://example.com/get.sh
              bash get.sh
          - run: make test
          - run: npm test
          - working-directory: scripts
            run: ./build.sh
    ```
    ```bash scripts/build.sh
    mkdir dist
    ```
    ```make Makefile
    test: ; pytest
    ```
    ```json package.json
    {"scripts": {"test": "jest"}}
    ```
    """
    for what in wanted(step):
        if what.optional:
            continue
        state = state_of(step, what)
        if state and not _may_be_made(step, what):
            yield Finding(what.place, state, (), Fix("name what is there, or add it to the repository"))
