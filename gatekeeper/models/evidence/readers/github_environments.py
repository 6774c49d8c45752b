"""Environments of a GitHub repository and what protects them: `gh api repos/OWNER/NAME/environments`, or one of them.

https://docs.github.com/en/rest/deployments/environments has the shapes. One of the reviewers suffices. An answer does
not say when it was given: `updated_at` is when the environment was changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gatekeeper.models.evidence import answers, json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts, Protection

_TOPIC = "deployments/environments"
_REPOSITORY = re.compile(r"/repos/([\w.-]{1,100}/[\w.-]{1,100})/environments/")
_OF_ONE = {"node_id", "url", "html_url", "created_at", "updated_at", "deployment_branch_policy", "can_admins_bypass"}


class _Reviewer(Struct):
    type: str


class _Rule(Struct):
    type: str
    prevent_self_review: bool | None = None
    reviewers: list[_Reviewer] | None = None
    wait_timer: int | None = None


class _Policy(Struct):
    protected_branches: bool = False
    custom_branch_policies: bool = False


class _Environment(Struct):
    name: str
    url: str | None = None
    protection_rules: list[_Rule] | None = None
    can_admins_bypass: bool | None = None
    deployment_branch_policy: _Policy | UnsetType | None = UNSET


class _Answer(Struct):
    """A page of environments, one environment, or a refusal."""

    total_count: Annotated[int, Meta(ge=0)] | None = None
    environments: list[_Environment] | None = None
    name: str | None = None
    url: str | None = None
    protection_rules: list[_Rule] | None = None
    can_admins_bypass: bool | None = None
    deployment_branch_policy: _Policy | UnsetType | None = UNSET
    message: str | None = None
    documentation_url: str | None = None


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    listed = keys.get("environments") == "[" and ("total_count" in keys or b'"protection_rules"' in artifact.head)
    single = keys.get("protection_rules") == "[" and "name" in keys and len(keys.keys() & _OF_ONE) > 1
    return listed or (single and not answers.is_list(artifact)) or answers.is_refusal(artifact, _TOPIC)


def read(artifact: Artifact) -> Iterator[Facts]:
    environments: list[_Environment] = []
    total = -1
    for answer in answers.each(artifact, _Answer):
        environments += _of(answer)
        total = answer.total_count if answer.total_count is not None else total
    if not environments:
        raise Unusable("empty", "the repository has no environment, so that nothing protects one")
    lines = json_text.lines(artifact, ("url",), (environment.url or "" for environment in environments))
    for environment in environments:
        yield _protection(environment, next(lines), len(environments) == total)


def _of(answer: _Answer) -> list[_Environment]:
    if answer.environments is not None:
        if answer.total_count is not None and answer.total_count < len(answer.environments):
            listed = len(answer.environments)
            raise Unusable("unreadable", f"lists {listed} environments, but says that there are {answer.total_count}")
        return answer.environments
    if answer.name is not None:
        rules, bypass, policy = answer.protection_rules, answer.can_admins_bypass, answer.deployment_branch_policy
        return [_Environment(answer.name, answer.url, rules, bypass, policy)]
    if answer.documentation_url:
        raise answers.refused(answer.message)
    raise Unusable("unreadable", "neither `environments` nor an environment with its `name` is in it")


def _protection(environment: _Environment, line: int, every: bool) -> Protection:
    name = reported.words(environment.name)
    if environment.protection_rules is None or not name:
        raise Unusable(
            "unreadable", f"the environment {name!r} has no `protection_rules`: they were not asked for", line
        )
    asked = [rule for rule in environment.protection_rules if rule.type == "required_reviewers" and rule.reviewers]
    reviewers = sum(len(rule.reviewers or ()) for rule in asked)
    repository = _REPOSITORY.search((environment.url or "")[:500])
    return Protection(
        tool="GitHub",
        line=line,
        repository=repository[1] if repository else "",
        environment=name,
        reviewers=reviewers,
        approvals=min(reviewers, 1),
        prevents_self_review=_prevents_self_review(asked),
        admins_bypass=environment.can_admins_bypass,
        restricted=_restricted(environment.deployment_branch_policy),
        waits=max((rule.wait_timer or 0 for rule in environment.protection_rules), default=0),
        every=every,
    )


def _restricted(policy: _Policy | UnsetType | None) -> bool | None:
    if isinstance(policy, UnsetType):
        return None
    return policy is not None and (policy.protected_branches or policy.custom_branch_policies)


def _prevents_self_review(asked: list[_Rule]) -> bool | None:
    said = [rule.prevent_self_review for rule in asked if rule.prevent_self_review is not None]
    return any(said) if said else None
