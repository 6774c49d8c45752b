"""What a job's token may do, and whether anything in the job can make use of that.

Source: "Controlling permissions for GITHUB_TOKEN" of GitHub's documentation.
"""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import Job, Step, pairs, text_of
from gatekeeper.node import Node, regex

# These read the repository, or install something, and write nothing to GitHub.
_READ_ONLY = (
    "actions/checkout", "actions/cache", "actions/setup-", "actions/upload-artifact", "actions/download-artifact",
    "docker/setup-", "astral-sh/setup-uv", "pnpm/action-setup", "hashicorp/setup-terraform",
    "golangci/golangci-lint-action",
    "dtolnay/rust-toolchain", "swatinem/rust-cache", "ruby/setup-ruby", "gradle/actions/setup-gradle",
)  # fmt: skip
_HARMLESS = frozenset(
    "test lint typecheck build e2e coverage sast sca secretscan iacscan integration smoke perf verify plan".split()
)
_TOKEN = regex(r"github\.token|GITHUB_TOKEN|GH_TOKEN|secrets\.|\bgh |git push|ACTIONS_ID_TOKEN")
SCOPES_OF_REPOSITORY = frozenset({"contents", "packages", "pull-requests", "issues", "actions", "deployments"})


class Token(NamedTuple):
    """What is declared: where (None: nowhere), for the job itself or its workflow, and the scopes that may write."""

    at: Node | None
    own: bool
    writes: dict[str, Node]
    everything: bool = False


def token_of(job: Job) -> Token:
    """The job's own permissions, else those of its workflow, else those of the job that calls it."""
    for node, own in ((job.permissions, True), (job.pipeline.node["permissions"], False)):
        if node.present:
            writes = {key: value for key, value in pairs(node) if text_of(value) == "write"}
            return Token(node, own, writes, text_of(node) == "write-all")
    caller = job.pipeline.caller
    return token_of(caller)._replace(own=False) if caller else Token(None, False, {})


def uses_no_token(job: GithubJob) -> bool:
    """Whether nothing in the job can write to GitHub, as far as that is certain: each step is known and harmless."""
    return bool(job.steps) and all(_harmless(step) for step in job.steps)


def _harmless(step: Step) -> bool:
    if any(_TOKEN.search(node.text) for node in step.node.texts()):
        return False
    if step.uses:
        return step.slug.startswith(_READ_ONLY)
    return bool(step.run) and step.classified and all(fact.kind in _HARMLESS for fact in step.facts)
