"""The ways in which a pipeline of GitLab starts, and the branches that its conditions tell apart.

A file of GitLab does not list them: any push, tag, schedule or person may start a pipeline, unless `workflow: rules`
refuse. So there is one trigger for each class of ref, and one for each branch or pattern that some condition names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models.pipeline import branches
from gatekeeper.models.pipeline.gitlab import conditions
from gatekeeper.models.pipeline.gitlab.decisions import SOURCES, STUB
from gatekeeper.models.pipeline.gitlab.merging import flat, texts
from gatekeeper.models.pipeline.gitlab.variables import OWN
from gatekeeper.models.pipeline.ir import Trigger, text_of
from gatekeeper.node import Node

MOST = 60  # branches, tags and patterns that are told apart
_KEYWORDS = frozenset({"branches", "tags", "merge_requests", "external_pull_requests"})
_BRANCH, _TAG, _TARGET = "CI_COMMIT_BRANCH", "CI_COMMIT_TAG", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"
_REF = "CI_COMMIT_REF_NAME"  # of a branch or of a tag
_SOURCE = "CI_PIPELINE_SOURCE"
_TOLD = frozenset({"push", "merge_request_event", "schedule", "web"})  # sources that have triggers of their own


class Named(NamedTuple):
    """What conditions compare: the variable, the text or pattern, and whether equality lets the job in."""

    variable: str
    text: str
    wanted: bool

    @property
    def pattern(self) -> bool:
        return self.text.startswith("/")


def named(node: Node) -> Iterator[Named]:
    """What the rules, `only` and `except` of a job or a workflow name."""
    for rule in flat(node["rules"]) if node["rules"].tag != STUB else ():
        if rule.known and rule.is_mapping:
            yield from _of_expression(text_of(rule["if"]), text_of(rule["when"]) != "never")
    for key in ("only", "except"):
        policy = node[key]
        if not policy.known:
            continue
        for name in texts(policy["refs"] if policy.is_mapping else policy):
            plain = name.partition("@")[0] if not name.startswith("/") else name
            if plain in SOURCES:
                yield Named(_SOURCE, SOURCES[plain], key == "only")
            elif plain not in _KEYWORDS:
                yield Named(_REF, plain, key == "only")
        for each in flat(policy["variables"]) if policy.is_mapping else ():
            yield from _of_expression(text_of(each), key == "only")


def _of_expression(text: str, wanted: bool) -> Iterator[Named]:
    tree = conditions.parse(text) if text else None
    for node in conditions.walk(tree) if tree else ():
        if node[0] in ("==", "!=", "=~", "!~"):
            left, right = node[1], node[2]
            if left[0] != "name":
                left, right = right, left
            if left[0] == "name" and right[0] in ("text", "pattern") and right[1]:
                yield Named(left[1], right[1], wanted is (node[0] in ("==", "=~")))


def default_branch(found: list[Named]) -> str:
    """The default branch, as far as the conditions tell: `main`, `master` or `trunk`, whichever they name first."""
    return branches.default_of(_texts(found, _BRANCH, _REF, _TARGET)) or "main"


def untold(found: list[Named]) -> bool:
    """Whether the conditions name more than is told apart: jobs for the rest look as if no pipeline had them."""
    groups = ((_BRANCH, _REF), (_TAG, _REF), (_TARGET,), (_SOURCE,))
    return any(len(_texts(found, *variables)) > MOST for variables in groups)


def _texts(found: list[Named], *variables: str) -> list[str]:
    """What the conditions compare some variables with, each once."""
    return list(dict.fromkeys(each.text for each in found if each.variable in variables))


def own_names(found: list[Named]) -> frozenset[str]:
    """What the conditions call the repository itself: the only name of it that they let in."""
    names: set[str] = set()
    for variable in OWN:
        texts_ = {(each.text, each.wanted) for each in found if each.variable == variable}
        if len(texts_) == 1:
            names.update(text for text, wanted in texts_ if wanted)
    return frozenset(names)


def triggers(found: list[Named], default: str, at: Node) -> list[Trigger]:
    """One for each class of ref, and for each branch, tag and pattern that a condition names."""
    made = [
        Trigger("merge_request_event", "pr", at, default),
        Trigger("push", "push-default", at, default),
        *_pushes(found, default, at),
        Trigger("push", "push-other", at, "some-branch", "*"),
        *_tags(found, at),
        Trigger("push", "tag", at, "v1.0.0", "*"),
        Trigger("schedule", "schedule", at, default),
        Trigger("web", "dispatch", at, default),
    ]
    targets = [name for name in _texts(found, _TARGET)[:MOST] if not name.startswith("/") and name != default]
    made[1:1] = [Trigger("merge_request_event", "pr", at, name) for name in targets]
    others = [name for name in _texts(found, _SOURCE)[:MOST] if not name.startswith("/") and name not in _TOLD]
    return [*made, *(Trigger(name, "other", at, default) for name in others)]


def _pushes(found: list[Named], default: str, at: Node) -> Iterator[Trigger]:
    for text in _texts(found, _BRANCH, _REF)[:MOST]:
        if not text.startswith("/"):
            if text != default:
                yield Trigger("push", branches.ref_of(text, default), at, text)
        elif not conditions.found(text, "some-branch") and not _one_of(text, default):
            yield Trigger("push", branches.ref_of(_plain(text), default), at, text, text)


def _tags(found: list[Named], at: Node) -> Iterator[Trigger]:
    written = _texts(found, _TAG)
    for text in _texts(found, _TAG, _REF)[:MOST]:
        if text.startswith("/") and not conditions.found(text, "v1.0.0"):
            yield Trigger("push", "tag", at, text, text)
        elif not text.startswith("/") and text in written:
            yield Trigger("push", "tag", at, text)


def _one_of(pattern: str, default: str) -> bool:
    """Whether a pattern only lists names (`/^(main|master)$/`), all of which are told apart anyway."""
    match = re.fullmatch(r"/\^\(?([A-Za-z0-9_|-]{1,200})\)?\$/i?", pattern)
    return bool(match) and match is not None and set(match[1].split("|")) <= {default, *branches.DEFAULTS}


def _plain(pattern: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", pattern.strip("/").replace("\\d", "1").replace("\\w", "x")).strip("-")
