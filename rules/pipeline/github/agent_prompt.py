from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.checkouts import lets_in
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.github.untrusted import PRIVILEGED, Scope, taints, triggers_of
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.rule import rule

_AGENTS = {
    "anthropics/claude-code-action": ("prompt", "direct_prompt", "custom_instructions"),
    "anthropics/claude-code-base-action": ("prompt", "system_prompt"),
    "openai/codex-action": ("prompt",),
    "google-github-actions/run-gemini-cli": ("prompt",),
    "actions/ai-inference": ("prompt", "system-prompt"),
}


@rule(
    "github-agent-prompt",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening",
    where=lambda step: step.slug in _AGENTS,
)
def agent_prompt(step: GithubStep) -> Iterator[Finding]:
    """What strangers write does not become the order of an agent that holds the repository's rights.

    An agent does what its prompt says. Where the prompt holds the text of an issue or a comment, whoever writes it
    tells the agent what to do, with the job's token and secrets. Let only those start it who have rights here, and give
    it the text as something to look up, not as the order.

    `allowed_non_write_users: "*"` lets everybody start it, and is held against a workflow for the same reason.

    Bad:
    ```yaml
    on: issues
    jobs:
      triage:
        runs-on: ubuntu-latest
        steps:
          - uses: anthropics/claude-code-action@v1
            with:
              # expect: github.event.issue.body
              prompt: "Answer this: ${{ github.event.issue.body }}"
              # expect: everybody
              allowed_non_write_users: "*"
    ```

    Good:
    ```yaml
    on: issues
    jobs:
      triage:
        if: github.event.issue.author_association == 'MEMBER'
        runs-on: ubuntu-latest
        steps:
          - uses: anthropics/claude-code-action@v1
            with: {prompt: "Answer this: ${{ github.event.issue.body }}"}
    ```
    """
    if all(lets_in(step, trigger) is False for trigger in step.job.pipeline.triggers):
        return
    for name, node in pairs(step.node["with"]):
        if name == "allowed_non_write_users" and text_of(node).strip() == "*":
            yield Finding(node, "everybody may start the agent", (), Fix("name who may"))
        for taint in taints(text_of(node), Scope(step.job, step)) if name in _AGENTS[step.slug] else ():
            if any(
                trigger.event in PRIVILEGED and lets_in(step, trigger) is not False
                for trigger in triggers_of(taint, step.job)
            ):
                words = f"{taint.path} is part of the agent's order"
                yield Finding(node, words, (), Fix("if: github.event.issue.author_association == 'MEMBER', say"))
                break
