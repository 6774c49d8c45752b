"""Protected environments of a GitLab project: the answer to `/projects/ID/protected_environments`, or to one of them.

https://docs.gitlab.com/api/protected_environments/ has the shapes. The answer names no project. Approval rules may be
met by the same person, so that not their sum but the greatest of them is how many must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated

from msgspec import Meta, Struct

from gatekeeper.models.evidence import answers, json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts, Protection

_Count = Annotated[int, Meta(ge=0, le=1000)]


class _Access(Struct):
    id: int | None = None


class _Rule(Struct):
    required_approvals: _Count


class _Environment(Struct):
    name: str
    deploy_access_levels: list[_Access]
    required_approval_count: _Count | None = None
    approval_rules: list[_Rule] | None = None


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if "deploy_access_levels" in keys:
        return True
    return {"name", "approval_rules", "required_approval_count"} <= keys.keys()


def read(artifact: Artifact) -> Iterator[Facts]:
    if answers.is_list(artifact):
        environments = list(chain.from_iterable(answers.pages(artifact, list[_Environment])))
    else:
        environments = [artifact.json(_Environment)]
    if not environments:
        raise Unusable("empty", "the project has no protected environment")
    lines = json_text.lines(artifact, ("name",), (environment.name for environment in environments))
    for environment in environments:
        yield _protection(environment, next(lines))


def _protection(environment: _Environment, line: int) -> Protection:
    name = reported.words(environment.name)
    if not name:
        raise Unusable("unreadable", "a protected environment has no name", line)
    rules = environment.approval_rules or []
    asked = [rule.required_approvals for rule in rules if rule.required_approvals]
    together = environment.required_approval_count or 0
    allowed = len(environment.deploy_access_levels) if together else 0
    return Protection(
        tool="GitLab",
        line=line,
        environment=name,
        reviewers=len(asked) if rules else allowed,
        approvals=max(asked, default=0) if rules else together,
        restricted=bool(environment.deploy_access_levels),
    )
