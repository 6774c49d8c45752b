from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline import Step, play, step_runs
from gatekeeper.rule import rule

_HEAD = re.compile(
    r"github\.event\.pull_request\.head\.|github\.head_ref|refs/pull/|"
    r"github\.event\.pull_request\.merge_commit_sha|github\.event\.pull_request\.number"
)


def _checks_out(step: Step) -> bool:
    return step.slug == "actions/checkout" or "gh pr checkout" in step.run


def _privileged(step: Step) -> bool:
    return any(trigger.ref == "pr-target" for trigger in step.job.pipeline.triggers)


@rule(
    "pipeline-pull-request-target",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda step: _privileged(step) and _checks_out(step),
)
def pull_request_target(step: Step) -> Iterator[Finding]:
    """A workflow on pull_request_target does not check out the pull request.

    `pull_request_target` runs with the repository's secrets and a token that may write, also for pull requests from
    forks. Code of the pull request that is checked out there (a build script, a package's install hook, a test) runs
    with them. `pull_request` has neither; split the work, and do the privileged part without the code.

    The trigger alone is not held against a workflow: labelling and commenting need it. Judged is the checkout.

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
    trigger = next(trigger for trigger in step.job.pipeline.triggers if trigger.ref == "pr-target")
    if play(step.job.pipeline, trigger).of(step.job) is False or step_runs(step, trigger) is False:
        return
    written = " ".join(step.inputs.get(name, "") for name in ("ref", "repository"))
    if "gh pr checkout" in step.run or _HEAD.search(written):
        fix = Fix("build pull requests on: pull_request; keep only what needs secrets here, without their code")
        yield Finding(step, "checks out the pull request's code with the repository's secrets at hand", (), fix)
