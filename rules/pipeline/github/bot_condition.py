from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.pipeline.expressions import Tree, condition
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_PRIVILEGED = frozenset({"pull_request_target", "workflow_run", "issue_comment"})
_SPOOFABLE = frozenset(
    f"github.{path}" for path in ("actor", "triggering_actor", "event.sender.login", "event.pull_request.sender.login")
)


def _compared(tree: Tree) -> tuple[str, str]:
    """The path and the name that a condition compares; '' for what is no such comparison."""
    calls = tree[0] == "call" and tree[1] in ("contains", "startswith", "endswith") and len(tree[2]) == 2
    pair = tree[2] if calls else tree[1:] if tree[0] == "==" else ()
    path = next((part[1] for part in pair if part[0] == "path"), "")
    return path, next((str(part[1]) for part in pair if part[0] == "literal"), "")


def _lets_in(tree: Tree) -> tuple[str, str]:
    """Who started it, and the bot whose name lets a run in by that alone; '' when nothing does."""
    if tree[0] == "&&" and any(_compared(part)[0].endswith(".user.login") for part in tree[1:]):
        return "", ""
    if tree[0] in ("||", "&&"):
        return next((found for part in tree[1:] if (found := _lets_in(part))[1]), ("", ""))
    path, name = _compared(tree)
    bot = name.endswith("[bot]") or name.lower() in ("dependabot", "renovate")
    return (path, name) if path in _SPOOFABLE and bot else ("", "")


def _conditions(job: GithubJob) -> Iterator[Node]:
    yield from (cond for cond in (job.cond, *(step.cond for step in job.steps)) if cond.present)


@rule(
    "github-bot-condition",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["zizmor:bot-conditions"],
    where=lambda job: job.pipeline.caller is None and any(t.event in _PRIVILEGED for t in job.pipeline.triggers),
)
def bot_condition(job: GithubJob) -> Iterator[Finding]:
    """Whether a pull request is a bot's is told by its author.

    `github.actor` is whoever made the last event, not the author: a stranger who has Dependabot push to a pull request
    of his fork (by a comment, or a branch that it keeps up to date) is let in as `dependabot[bot]`, with the
    repository's secrets. `github.event.pull_request.user.login` is the author.

    Judged are workflows that run for strangers with the repository's secrets (`pull_request_target`, `workflow_run`,
    `issue_comment`), and conditions that let the bot in. One that keeps it out cannot be abused so, nor one that asks
    for the author as well.

    Bad:
    ```yaml
    on: pull_request_target
    jobs:
      merge:
        runs-on: ubuntu-latest
        # expect: github.actor
        if: github.actor == 'dependabot[bot]'
        steps: [{run: 'gh pr merge --auto --squash "$URL"'}]
    ```

    Bad, the author is asked for only where it is not the bot:
    ```yaml
    on: pull_request_target
    jobs:
      merge:
        runs-on: ubuntu-latest
        # expect: github.event.sender.login
        if: github.event.sender.login == 'renovate[bot]' || github.event.pull_request.user.login == 'ada'
        steps: [{run: 'gh pr merge --auto --squash "$URL"'}]
    ```

    Good:
    ```yaml
    on: pull_request_target
    jobs:
      merge:
        runs-on: ubuntu-latest
        if: github.event.pull_request.user.login == 'dependabot[bot]'
        steps:
          - run: gh pr merge --auto --squash "$URL"
          - if: github.actor != 'dependabot[bot]'
            run: ./label
          - if: github.actor == 'dependabot[bot]' && github.event.pull_request.user.login == 'dependabot[bot]'
            run: ./label
    ```
    """
    for node in _conditions(job):
        tree = condition(text_of(node))
        path, name = _lets_in(tree) if tree else ("", "")
        if name:
            words = f"{path} is not the author: a stranger can have {name} make the last event"
            yield Finding(node, words, (), Fix(f"github.event.pull_request.user.login == '{name}'"))
