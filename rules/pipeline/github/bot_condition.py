from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.pipeline.expressions import Tree, condition
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_PRIVILEGED = frozenset({"pull_request_target", "workflow_run", "issue_comment"})
_SPOOFABLE = frozenset({"github.actor", "github.triggering_actor", "github.event.pull_request.sender.login"})


def _lets_in(tree: Tree) -> str:
    """The bot whose name alone lets a run in, by who started it; '' when nothing does."""
    if tree[0] in ("||", "&&"):
        return next(filter(None, (_lets_in(part) for part in tree[1:])), "")
    if tree[0] == "call" and tree[1] in ("contains", "startswith", "endswith") and len(tree[2]) == 2:
        pair = tree[2]
    elif tree[0] == "==":
        pair = tree[1:]
    else:
        return ""
    path = next((part[1] for part in pair if part[0] == "path"), "")
    name = next((str(part[1]) for part in pair if part[0] == "literal"), "")
    return name if path in _SPOOFABLE and (name.endswith("[bot]") or name.lower() in ("dependabot", "renovate")) else ""


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
    `issue_comment`), and conditions that let the bot in. One that keeps it out cannot be abused so.

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
    ```
    """
    for node in _conditions(job):
        tree = condition(text_of(node))
        name = _lets_in(tree) if tree and "user.login" not in text_of(node) else ""
        if name:
            words = f"github.actor is not the author: a stranger can have {name} make the last event"
            yield Finding(node, words, (), Fix(f"github.event.pull_request.user.login == '{name}'"))
