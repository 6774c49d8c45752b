from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline import Step, play, step_runs
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_COMMIT = regex(
    r"github\.event\.pull_request\.head\.sha|refs/pull/|github\.event\.pull_request\.merge_commit_sha|"
    r"github\.event\.pull_request\.number"
)
_BRANCH = regex(r"github\.event\.pull_request\.head\.ref|github\.head_ref")
_NO_STRANGERS = regex(r"head\.repo\.(?:full_name|fork|owner|id)|\.user\.login|github\.actor")


def _checks_out(step: Step) -> bool:
    return step.slug == "actions/checkout" or "gh pr checkout" in step.run


def _head(step: Step) -> bool:
    """Whether the checkout takes the pull request's commit. A branch's name alone is one of the base repository."""
    if "gh pr checkout" in step.run:
        return True
    ref, repository = (text_of(step.node["with"][name]) for name in ("ref", "repository"))
    return bool(_COMMIT.search(ref) or (_BRANCH.search(ref) and "head.repo" in repository))


def _privileged(step: Step) -> bool:
    return any(trigger.ref == "pr-target" for trigger in step.job.pipeline.triggers)


@rule(
    "pipeline-pull-request-target",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda step: _privileged(step) and _checks_out(step),
)
def pull_request_target(step: Step) -> Iterator[Finding | Unknown]:
    """A workflow on pull_request_target does not check out the pull request.

    `pull_request_target` runs with the repository's secrets and a token that may write, also for pull requests from
    forks. Code of the pull request that is checked out there (a build script, a package's install hook, a test) runs
    with them. `pull_request` has neither; split the work, and do the privileged part without the code.

    A guard that lets in only the repository's own pull requests, or those of a named author, is enough; whom
    another guard lets in (a label) is UNKNOWN. The trigger alone is not held against a workflow: labelling and
    commenting need it. Judged is the checkout.

    Bad:
    ```yaml
    on: pull_request_target
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          # expect: the pull request's code
          - uses: actions/checkout@v4
            with:
              ref: ${{ github.event.pull_request.head.sha }}
          - run: npm ci
    ```

    Good, the base:
    ```yaml
    on: pull_request_target
    jobs:
      label:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: actions/labeler@v5
    ```

    Good, a branch of the repository itself, for one author:
    ```yaml
    on: pull_request_target
    jobs:
      update:
        if: github.event.pull_request.user.login == 'dependabot[bot]'
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ github.head_ref }}"}
    ```

    Unknown, a label:
    ```yaml
    on: pull_request_target
    jobs:
      build:
        if: contains(github.event.pull_request.labels.*.name, 'safe to test')
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ github.event.pull_request.head.sha }}"}
    ```

    Good, only for the other trigger:
    ```yaml
    on: [pull_request, pull_request_target]
    jobs:
      build:
        if: github.event_name == 'pull_request'
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with:
              ref: ${{ github.event.pull_request.head.sha }}
    ```
    """
    if not _head(step):
        return
    trigger = next(trigger for trigger in step.job.pipeline.triggers if trigger.ref == "pr-target")
    ran, taken = play(step.job.pipeline, trigger).of(step.job), step_runs(step, trigger)
    guards = f"{text_of(step.job.cond)} {text_of(step.cond)}"
    if ran is False or taken is False or _NO_STRANGERS.search(guards):
        return
    if ran and taken:
        fix = Fix("build pull requests on: pull_request; keep only what needs secrets here, without their code")
        yield Finding(step, "checks out the pull request's code with the repository's secrets at hand", (), fix)
    else:
        yield Unknown(step, "checks out the pull request's code; whom its if: lets in is not known")
