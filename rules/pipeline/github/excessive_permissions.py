from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.github.tokens import SCOPES_OF_REPOSITORY, token_of, uses_no_token
from gatekeeper.rule import rule


def _judged(job: GithubJob) -> bool:
    """A workflow that only others call has the permissions of its callers as its limit."""
    return job.pipeline.caller is None and any(trigger.ref != "call" for trigger in job.pipeline.triggers)


@rule(
    "github-excessive-permissions",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["zizmor:excessive-permissions", "CKV2_GHA_1"],
    where=_judged,
)
def excessive_permissions(job: GithubJob) -> Iterator[Finding]:
    """A job's token may do no more than the job needs.

    Every action and every dependency that runs in a job can use its token. Without `permissions` it has what the
    settings of the repository or the organisation give, which may be the right to write to everything; `write-all` is
    that right for certain (high). Declare `permissions: {}` or `contents: read` for the workflow, and what writes at
    the one job that needs it.

    A right to write is held against a job only where nothing in it can use it: every step is known, reads, tests or
    builds, and names no token. `id-token` and the like, which programs use without a word, are left alone.

    Bad:
    ```yaml
    on: push
    jobs:
      # expect: no permissions are declared
      test:
        runs-on: ubuntu-latest
        steps: [{run: make test}]
    ```

    Bad, everything:
    ```yaml
    on: push
    # expect: write-all
    permissions: write-all
    jobs:
      release:
        runs-on: ubuntu-latest
        steps: [{run: ./release.sh}]
    ```

    Bad, more than needed:
    ```yaml
    on: push
    permissions:
      # expect: lint needs no contents: write
      contents: write
    jobs:
      lint:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: ruff check .
      release:
        runs-on: ubuntu-latest
        steps:
          - uses: softprops/action-gh-release@v2
    ```

    Good:
    ```yaml
    on: push
    permissions: {contents: read}
    jobs:
      lint:
        runs-on: ubuntu-latest
        steps: [{run: ruff check .}]
      release:
        permissions: {contents: write}
        runs-on: ubuntu-latest
        steps:
          - uses: softprops/action-gh-release@v2
    ```
    """
    token = token_of(job)
    if token.at is None:
        words = "no permissions are declared: its token has what the repository's settings give, perhaps everything"
        yield Finding(job, words, (), Fix("permissions: {contents: read}"), severity="medium")
    elif token.everything:
        yield Finding(token.at, "write-all: its token may do everything", (), Fix("name the scopes that are needed"))
    elif uses_no_token(job):
        for scope, node in token.writes.items():
            if scope in SCOPES_OF_REPOSITORY:
                fix = Fix(f"give {scope}: write to the job that needs it" if not token.own else f"{scope}: read")
                yield Finding(node, f"{job.id} needs no {scope}: write", (), fix, severity="medium")
