"""What GitHub demands of a merge into a branch.

That is the rules which apply to it (`gh api repos/OWNER/NAME/rules/branches/main`), one ruleset (`.../rulesets/ID`), or
the classic protection of the branch (`.../branches/main/protection`).

https://docs.github.com/en/rest/repos/rules and https://docs.github.com/en/rest/branches/branch-protection have the
shapes. Rulesets and classic protection add up, and neither answer shows the other: that one of them demands nothing is
no fact about the branch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Annotated
from urllib.parse import unquote

from msgspec import Meta, Struct

from gatekeeper.models.evidence import answers, json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import BranchRules, Facts

_PROTECTION = re.compile(r"/repos/([\w.-]{1,100}/[\w.-]{1,100})/branches/([^\s?#]{1,300})/protection")
_OF_PROTECTION = frozenset(
    "required_pull_request_reviews required_status_checks enforce_admins restrictions required_linear_history"
    " required_signatures allow_force_pushes allow_deletions block_creations required_conversation_resolution"
    " lock_branch".split()
)
_TOPICS = ("repos/rules", "branches/branch-protection")
_HEADS = "refs/heads/"

_Count = Annotated[int, Meta(ge=0, le=1000)]


class _Check(Struct):
    context: str


class _Parameters(Struct):
    required_approving_review_count: _Count | None = None
    required_status_checks: list[_Check] | None = None


class _Rule(Struct):
    type: str
    parameters: _Parameters | None = None
    ruleset_source_type: str | None = None
    ruleset_source: str | None = None


class _Names(Struct):
    include: list[str] = []
    exclude: list[str] = []


class _Conditions(Struct):
    ref_name: _Names | None = None


class _Actor(Struct):
    actor_type: str = ""


class _Reviews(Struct):
    required_approving_review_count: _Count | None = None


class _Checks(Struct):
    contexts: list[str] = []
    checks: list[_Check] = []


class _Switch(Struct):
    enabled: bool


class _Answer(Struct):
    """A ruleset, a classic protection, or a refusal."""

    enforcement: str | None = None
    target: str | None = None
    source_type: str | None = None
    source: str | None = None
    conditions: _Conditions | None = None
    bypass_actors: list[_Actor] | None = None
    rules: list[_Rule] | None = None
    url: str | None = None
    required_pull_request_reviews: _Reviews | None = None
    required_status_checks: _Checks | None = None
    enforce_admins: _Switch | None = None
    message: str | None = None
    documentation_url: str | None = None


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if answers.is_list(artifact):
        return "type" in keys and bool(keys.keys() & {"ruleset_source_type", "ruleset_source", "ruleset_id"})
    ruleset = "enforcement" in keys and bool(keys.keys() & {"rules", "conditions", "bypass_actors", "source_type"})
    protection = len(keys.keys() & _OF_PROTECTION) > 1 or bool(_PROTECTION.search(keys.get("url", "")))
    return ruleset or protection or any(answers.is_refusal(artifact, topic) for topic in _TOPICS)


def read(artifact: Artifact) -> Iterator[Facts]:
    if answers.is_list(artifact):
        yield _applied(list(chain.from_iterable(answers.pages(artifact, list[_Rule]))))
        return
    answer = artifact.json(_Answer)
    if answer.rules is not None:
        yield from _ruleset(answer, answer.rules)
    elif answer.documentation_url:
        raise _refused(answer.message)
    else:
        yield _protection(answer)


def _refused(message: str | None) -> Unusable:
    if message == "Branch not protected":
        return Unusable("empty", "the branch has no classic protection; whether rulesets apply is another answer")
    return answers.refused(message)


def _applied(rules: list[_Rule]) -> BranchRules:
    """The rules that apply to one branch, which they do not name: the strictest of them counts."""
    if not rules:
        raise Unusable("empty", "no ruleset applies; whether the branch has a classic protection is another answer")
    repositories = {rule.ruleset_source or "" for rule in rules if rule.ruleset_source_type == "Repository"}
    return _demanded(rules, reported.words(repositories.pop()) if len(repositories) == 1 else "", "", None)


def _ruleset(answer: _Answer, rules: list[_Rule]) -> Iterator[BranchRules]:
    """What a ruleset demands of each branch that it names: a pattern or `~DEFAULT_BRANCH` as GitHub writes it."""
    if answer.enforcement != "active" or answer.target not in (None, "branch"):
        state = reported.words(f"{answer.enforcement} for {answer.target or 'branch'}", 60)
        raise Unusable("empty", f"the ruleset is {state}: it demands nothing of a branch")
    names = (answer.conditions.ref_name if answer.conditions else None) or _Names()
    if names.exclude and not all(
        name.startswith(_HEADS) and "*" not in name for name in (*names.include, *names.exclude)
    ):
        raise Unusable("unresolved", "the ruleset leaves branches out by a pattern; save rules/branches/NAME instead")
    branches = [name.removeprefix(_HEADS) for name in names.include if name not in names.exclude]
    if not branches:
        raise Unusable("empty", "the ruleset names no branch")
    repository = reported.words(answer.source) if answer.source_type == "Repository" else ""
    everybody = None if answer.bypass_actors is None else not answer.bypass_actors
    for branch in dict.fromkeys(branches):
        yield _demanded(rules, repository, reported.words(branch), everybody)


def _demanded(rules: list[_Rule], repository: str, branch: str, everybody: bool | None) -> BranchRules:
    reviews = [rule.parameters or _Parameters() for rule in rules if rule.type == "pull_request"]
    checks = [rule.parameters or _Parameters() for rule in rules if rule.type == "required_status_checks"]
    names = (check.context for demand in checks for check in demand.required_status_checks or ())
    return BranchRules(
        tool="GitHub",
        repository=repository,
        branch=branch,
        approvals=max((_approvals(review.required_approving_review_count) for review in reviews), default=0),
        checks=tuple(dict.fromkeys(reported.words(name) for name in names)),
        enforced_for_admins=everybody,
    )


def _protection(answer: _Answer) -> BranchRules:
    place = _PROTECTION.search((answer.url or "")[:600])
    reviews, checks = answer.required_pull_request_reviews, answer.required_status_checks or _Checks()
    names = (*checks.contexts, *(check.context for check in checks.checks))
    if place is None and reviews is None and answer.required_status_checks is None and answer.enforce_admins is None:
        raise Unusable("unreadable", "neither a ruleset nor the protection of a branch, which has a `url`")
    return BranchRules(
        tool="GitHub",
        repository=place[1] if place else "",
        branch=reported.words(unquote(place[2])) if place else "",
        approvals=_approvals(reviews.required_approving_review_count) if reviews else 0,
        checks=tuple(dict.fromkeys(reported.words(name) for name in names)),
        enforced_for_admins=answer.enforce_admins.enabled if answer.enforce_admins else None,
    )


def _approvals(count: int | None) -> int:
    if count is None:
        raise Unusable("unreadable", "a review is required, but `required_approving_review_count` is missing")
    return count
