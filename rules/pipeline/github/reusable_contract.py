from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.rule import rule


def _declared(job: GithubJob, kind: str) -> dict[str, Node]:
    assert job.called
    return {key.lower(): node for key, node in pairs(job.called.node["on"]["workflow_call"][kind])}


def _missing(declared: dict[str, Node], given: dict[str, Node]) -> list[tuple[str, Node]]:
    return [
        (key, node)
        for key, node in declared.items()
        if key not in given and text_of(node["required"]) == "true" and not node["default"].present
    ]


@rule(
    "github-reusable-contract",
    gate="workflow-security",
    severity="medium",
    seed="Phase 7: CI/CD pipeline fully automated",
    aliases=["actionlint:workflow-call"],
    where=lambda job: job.called is not None and job.pipeline.caller is None,
)
def reusable_contract(job: GithubJob) -> Iterator[Finding]:
    """A reusable workflow is given what it asks for, and nothing else.

    GitHub refuses a run in which a required input or secret of the called workflow is missing, or in which one is given
    that it does not declare: nothing of it runs. `secrets: inherit` gives every secret; whether the required ones are
    there only the settings of the repository say.

    Judged are workflows of this repository.

    Bad:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      deploy:
        # expect: image is required
        uses: ./.github/workflows/deploy.yml
        with:
          # expect: declares no input tag
          tag: v1
    ```
    ```yaml .github/workflows/deploy.yml
    on:
      workflow_call:
        inputs: {image: {type: string, required: true}}
    jobs:
      deploy: {runs-on: ubuntu-latest, steps: [{run: ./deploy}]}
    ```

    Bad, it declares nothing:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      deploy:
        uses: ./.github/workflows/deploy.yml
        # expect: declares no input image
        with: {image: shop}
    ```
    ```yaml .github/workflows/deploy.yml
    on: [workflow_call, workflow_dispatch]
    jobs:
      deploy: {runs-on: ubuntu-latest, steps: [{run: ./deploy}]}
    ```

    Good:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      deploy:
        uses: ./.github/workflows/deploy.yml
        with: {image: shop}
        secrets: inherit
    ```
    ```yaml .github/workflows/deploy.yml
    on:
      workflow_call:
        inputs: {image: {type: string, required: true}, tag: {type: string, default: latest}}
        secrets: {token: {required: true}}
    jobs:
      deploy: {runs-on: ubuntu-latest, steps: [{run: ./deploy}]}
    ```
    """
    assert job.called
    if all(trigger.event != "workflow_call" for trigger in job.called.triggers):
        yield Finding(job.uses_at, f"{text_of(job.uses_at)} cannot be called: it has no workflow_call")
        return
    for kind, word in (("inputs", "input"), ("secrets", "secret")):
        at = job.node["with" if kind == "inputs" else "secrets"]
        if text_of(at) == "inherit":
            continue
        declared, given = _declared(job, kind), {key.lower(): node for key, node in pairs(at)}
        for key, node in _missing(declared, given):
            see = (Note(node, "it is declared here"),)
            yield Finding(
                job.uses_at, f"the {word} {key} is required by {text_of(job.uses_at)}", see, Fix(f"give it {key}")
            )
        for key, node in given.items():
            if key not in declared:
                names = ", ".join(declared) or "none"
                fix = Fix(f"it declares {names}")
                yield Finding(node, f"{text_of(job.uses_at)} declares no {word} {key}", (), fix)
