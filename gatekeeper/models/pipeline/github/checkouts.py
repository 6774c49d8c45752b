"""Code of strangers in jobs that hold the repository's secrets: who checks it out, and whether something runs it.

Sources: "Events that trigger workflows" of GitHub's documentation; the readme of actions/checkout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.models.pipeline.expressions import UNKNOWN, Value, condition, evaluate, truth
from gatekeeper.models.pipeline.github.texts import secrets_named
from gatekeeper.models.pipeline.github.tokens import token_of
from gatekeeper.models.pipeline.github.untrusted import Scope, taints, variables
from gatekeeper.models.pipeline.ir import Job, Step, Trigger, normal, text_of
from gatekeeper.models.pipeline.kinds import unwrap
from gatekeeper.node import regex

_COMMIT = {
    "pull_request_target": regex(
        r"github\.event\.pull_request\.head\.sha|refs/pull/|github\.event\.pull_request\.merge_commit_sha|"
        r"github\.event\.pull_request\.number|github\.event\.number"
    ),
    "workflow_run": regex(
        r"github\.event\.workflow_run\.(?:head_sha|head_commit\.id|pull_requests)"
    ),
    "issue_comment": regex(
        r"refs/pull/|github\.event\.issue\.number|steps\.[\w-]{1,60}\.outputs\.\w{0,20}(?:sha|ref|head)"
    ),
}  # fmt: skip
_BRANCH = regex(r"github\.event\.pull_request\.head\.ref|github\.head_ref|github\.event\.workflow_run\.head_branch")
_BY_HAND = regex(
    r"gh pr checkout|git (?:-C \S+ )?(?:checkout|switch|merge|reset|worktree|pull)[^\n]{0,80}"
    r"(?:head[._]sha|FETCH_HEAD|refs/pull/|pull/\$)"
)
_GIT = regex(r"\bgit (?:-C \S+ )?(?:checkout|switch|merge|reset|worktree|pull)\b[^\n]{0,200}")
_NAMED = regex(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_MADE = regex(r"(?:steps|needs)\.")  # what only the run knows
# What a stranger comes with, and what he can write as he likes.
_STRANGER: dict[str, Value] = {
    "github.actor": "stranger",
    "github.triggering_actor": "stranger",
    "github.event.sender.login": "stranger",
    "github.event.pull_request.user.login": "stranger",
    "github.event.comment.user.login": "stranger",
    "github.event.issue.user.login": "stranger",
    "github.event.workflow_run.actor.login": "stranger",
    "github.event.workflow_run.triggering_actor.login": "stranger",
    "github.event.pull_request.head.user.login": "stranger",
    "github.event.pull_request.head.repo.owner.login": "stranger",
    "github.event.pull_request.head.repo.full_name": "stranger/fork",
    "github.event.pull_request.head.repo.fork": True,
    "github.event.pull_request.author_association": "NONE",
    "github.event.comment.author_association": "NONE",
    "github.event.issue.author_association": "NONE",
    "github.event.workflow_run.event": "pull_request",
    "github.event.workflow_run.head_repository.full_name": "stranger/fork",
    "github.event.workflow_run.head_repository.fork": True,
    "github.event.workflow_run.head_repository.owner.login": "stranger",
    "github.event.workflow_run.conclusion": "success",
    "github.repository": "owner/name",
    "github.repository_owner": "owner",
    "github.event.repository.full_name": "owner/name",
}
_HIS_OWN = regex(
    r"github\.(?:head_ref|event\.(?:action|comment\.body|issue\.(?:pull_request|title|body|state)|"
    r"pull_request\.(?:title|body|draft|head\.ref)|workflow_run\.(?:head_branch|name)))(?:\.|\Z)"
)
_CHECKS_PEOPLE = ("permission", "collaborator", "membership", "author", "maintainer")
_VERSION = regex(r"v(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b")
_MAJOR = regex(r"v[2-9]\Z|main\Z")
_SAFE = {2: (2, 8, 0), 3: (3, 7, 0), 4: (4, 4, 0), 5: (5, 1, 0), 6: (6, 1, 0)}
_RUNS = frozenset(
    "npm yarn pnpm npx bun make gmake mvn mvnw gradle gradlew pip pip3 python python3 node deno cargo go bundle "
    "rake ruby composer php docker bash sh zsh dotnet tox nox pytest poetry uv pipenv hatch pdm terraform tofu "
    "terragrunt pre-commit bazel nx turbo jest vitest eslint prettier mix sbt lein stack cabal swift xcodebuild "
    "cmake ninja meson task just earthly nix ansible-playbook helmfile pulumi cdk serverless sam flutter dart "
    "hugo jekyll mkdocs sphinx-build".split()
)
_DOWNLOADS = ("dawidd6/action-download-artifact", "actions/download-artifact")
_HARMLESS = (
    "actions/checkout", "actions/setup-", "actions/cache", "actions/upload-artifact", "actions/download-artifact",
    "actions/labeler", "docker/setup-", "docker/login-action", "docker/metadata-action", "dorny/paths-filter",
    "peter-evans/create-or-update-comment", "marocchino/sticky-pull-request-comment", "actions/github-script",
)  # fmt: skip


def checks_out(step: Step) -> bool:
    """Whether it brings code of the repository, or of a pull request, into the job."""
    return step.slug == "actions/checkout" or bool(step.run and (_BY_HAND.search(step.run) or _named(step)))


def of_strangers(step: Step, trigger: Trigger) -> bool | None:
    """Whether what it checks out is the pull request's; None where only the run knows what that is. The name of a
    branch alone is one of the base repository."""
    commit = _COMMIT.get(trigger.event)
    scope = Scope(step.job, step)
    if step.run:
        held = variables(step, scope._replace(wanted=commit.search)) if commit else {}
        return bool(_BY_HAND.search(step.run)) or not held.keys().isdisjoint(_named(step))
    ref, repository = (text_of(step.node["with"][name]) for name in ("ref", "repository"))
    other = "head.repo" in repository or "head_repository" in repository
    if (commit and _leads_to(ref, commit, scope)) or (other and _leads_to(ref, _BRANCH, scope)):
        return True
    return None if any(taints(ref, scope._replace(wanted=_MADE.match))) else False


def _named(step: Step) -> set[str]:
    """The variables that its calls of git which bring code in name."""
    return {match[1] for call in _GIT.finditer(step.run) for match in _NAMED.finditer(call[0])}


def _leads_to(text: str, wanted: re.Pattern[str], scope: Scope) -> bool:
    """Whether it is, by itself or by way of variables, outputs and inputs, what the pattern says."""
    followed = taints(text, scope._replace(wanted=wanted.search))
    return bool(wanted.search(text)) or any(taint.certain for taint in followed)


def lets_in(subject: Job | Step, trigger: Trigger) -> bool | None:
    """Whether a stranger's event gets through the conditions of a step or a job and of the jobs before it. None where
    something decides that the files do not say: a label, a list of names, an earlier step that asks for rights."""
    job = subject.job if isinstance(subject, Step) else subject
    above = (*job.ancestors(), *_callers(job))
    conditions = [each.cond for each in (subject, job, *above) if each.cond.present]
    answers = [_met(text_of(cond), trigger) for cond in conditions]
    if False in answers:
        return False
    before = job.steps[: subject.index] if isinstance(subject, Step) else ()
    asked = any(_asks_for_rights(each) for each in (*before, *(each for other in above for each in other.steps)))
    return None if None in answers or asked or job.environment else True


def _callers(job: Job) -> Iterator[Job]:
    """The jobs that call the workflow it is a part of."""
    while (caller := job.pipeline.caller) is not None:
        yield caller
        job = caller


def _met(text: str, trigger: Trigger) -> bool | None:
    """Whether a condition can be true for a stranger's event."""
    tree = condition(text)
    if tree is None:
        return None
    others: list[str] = []

    def look(path: str) -> Value:
        if path == "github.event_name":
            return trigger.event
        if path in _STRANGER:
            return _STRANGER[path]
        if not _HIS_OWN.match(path):
            others.append(path)
        return UNKNOWN

    status = {"success": True, "always": True, "failure": False, "cancelled": False}
    value = truth(evaluate(tree, look, status))
    return True if value is None and not others else value


def _asks_for_rights(step: Step) -> bool:
    texts = (step.slug, text_of(step.node["run"]), text_of(step.node["with"]["script"]))
    return any(word in text.lower() for text in texts for word in _CHECKS_PEOPLE)


def refuses(step: Step, trigger: Trigger) -> str:
    """Whether the checkout itself refuses a fork's code: `yes`, `moved` for a tag that may be moved again, or ''.

    Newer versions do, for two of the triggers, unless they are told otherwise (its readme, "What's new").
    """
    told = text_of(step.node["with"]["allow-unsafe-pr-checkout"]).lower() == "true"
    if step.slug != "actions/checkout" or told or trigger.event == "issue_comment":
        return ""
    ref = step.uses.partition("@")[2].strip()
    node = step.node["uses"]
    comment = node.source.line(node.span.end_line)[node.span.end_column - 1 :]
    exact = _VERSION.search(comment) if len(ref) == 40 else _VERSION.match(ref)
    if exact:
        return "yes" if tuple(map(int, exact.groups())) >= _SAFE.get(int(exact[1]), (7, 0, 0)) else ""
    return "moved" if _MAJOR.match(ref) else ""


def fetches_artifact(step: Step) -> bool:
    """Whether it fetches what the workflow that this one follows has left."""
    if step.slug == "dawidd6/action-download-artifact":
        return True
    if step.slug == "actions/download-artifact":
        return "workflow_run" in text_of(step.node["with"]["run-id"])
    if step.slug == "actions/github-script":
        return "downloadArtifact" in text_of(step.node["with"]["script"])
    return "gh run download" in text_of(step.node["run"])


def artifact_folder(step: Step) -> str | None:
    """Where it puts the files, below the checkout; None where that is not known."""
    if step.slug not in _DOWNLOADS:
        return None
    path = text_of(step.node["with"]["path"]).replace("${{ github.workspace }}", "").strip().lstrip("/")
    if "runner.temp" in path or path.startswith(("tmp/", "~")):
        return "/outside"
    return normal(path) if "${{" not in path else None


def run_after(step: Step) -> tuple[Step | None, bool]:
    """The first step behind it that runs what was checked out, and whether all the others surely do not."""
    sure = True
    for later in step.job.steps[step.index + 1 :]:
        ran = _runs_files(later)
        if ran:
            return later, True
        sure = sure and ran is False
    return None, sure


def _runs_files(step: Step) -> bool | None:
    if step.uses:
        if step.slug.startswith(("./", "$/", "docker/build-push-action")):
            return True
        return False if step.slug.startswith(_HARMLESS) else None
    for script in step.scripts:
        words = unwrap(script.command.words)
        called = script.command.words[:1]
        if (words and words[0] in _RUNS and "--version" not in words) or (
            called and called[0].startswith(("./", "../"))
        ):
            return True
    return False if step.scripts else None


def rights(job: Job) -> str:
    """What the job holds that a stranger has not: its secrets, a token that may write; '' where it has neither."""
    token = token_of(job)
    if secrets_named((*job.node.texts(), *job.pipeline.node["env"].texts())).keys() - {"github_token"}:
        return "secrets"
    if token.at is None:
        return "the default token"
    return "a token that may write" if token.writes or token.everything else ""
