"""How a workflow is started: its `on:` as triggers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from gatekeeper.models.pipeline import branches as names
from gatekeeper.models.pipeline.ir import Trigger, text_of
from gatekeeper.node import Node

_PUSHES = 50  # branches that one trigger names


def on(node: Node) -> Node:
    """What stands under `on:`."""
    return node["on"]


def _texts(node: Node) -> list[str]:
    if not node.known or not node.present:
        return []
    return [text_of(each) for each in node] if node.is_list else [text_of(node)]


def default_branch(node: Node) -> str:
    """The default branch, as far as the filters tell: `main`, `master` or `trunk`, or the only branch that is named."""
    named = [
        b for event in ("push", "pull_request", "pull_request_target") for b in _texts(on(node)[event]["branches"])
    ]
    usual = names.default_of(named)
    if usual:
        return usual
    pushed = _texts(on(node)["push"]["branches"])
    if len(pushed) == 1 and not set("*?[!+") & set(pushed[0]) and names.ref_of(pushed[0], "") != "push-release":
        return pushed[0]
    return "main"


def triggers(node: Node, default: str) -> Iterator[Trigger]:
    """Every way a workflow starts, one for each class of ref that its filters let through."""
    written = on(node)
    if written.is_mapping:
        events = [(event, body) for event, body in written.items()]
    else:
        events = [(text_of(each), each) for each in (written if written.is_list else (written,))]
    for event, body in events:
        if event == "push":
            yield from _pushes(body, default)
        elif event in ("pull_request", "pull_request_review", "pull_request_target"):
            branches = [b for b in _texts(body["branches"]) if not set("*?[!+") & set(b)]
            base = default if default in branches or not branches else branches[0]
            yield Trigger(event, "pr-target" if event == "pull_request_target" else "pr", body, base)
        else:
            refs = {
                "workflow_dispatch": "dispatch",
                "workflow_call": "call",
                "schedule": "schedule",
                "release": "release",
            }
            ref = refs.get(event, "workflow_run" if event == "workflow_run" else "other")
            yield Trigger(event, ref, body, default, follows=tuple(_texts(body["workflows"])))


def _pushes(body: Node, default: str) -> Iterator[Trigger]:
    branches, tags = _texts(body["branches"]), _texts(body["tags"])
    ignored = _texts(body["branches-ignore"])
    only_tags = body["tags"].present or body["tags-ignore"].present
    only_branches = body["branches"].present or body["branches-ignore"].present
    if only_branches or not only_tags:
        yield from _pushed_branches(body, branches, ignored, default)
    if only_tags or not only_branches:
        pattern = next((tag for tag in tags if not tag.startswith("!")), "")
        yield Trigger(
            "push", "tag", body, _example(pattern, "1.0.0") if pattern not in ("", "*", "**") else "v1.0.0", pattern
        )


def _pushed_branches(body: Node, branches: list[str], ignored: list[str], default: str) -> Iterator[Trigger]:
    if not branches:
        if not any(fnmatchcase(default, pattern) for pattern in ignored):
            yield Trigger("push", "push-default", body, default)
        yield Trigger("push", "push-other", body, "some-branch", "*")
        return
    refused = [pattern[1:] for pattern in branches if pattern.startswith("!")]
    seen_default = False
    for branch in branches[:_PUSHES]:
        at = next((each for each in body["branches"] if each.known and each.text == branch), body)
        if branch.startswith("!"):
            continue
        if not set("*?[+") & set(branch):
            seen_default = seen_default or branch == default
            yield Trigger("push", names.ref_of(branch, default), at, branch)
            continue
        if fnmatchcase(default, branch) and not seen_default and not any(fnmatchcase(default, p) for p in refused):
            seen_default = True
            yield Trigger("push", "push-default", at, default)
        example = "some-branch" if branch in ("*", "**") else _example(branch, "x")
        if not any(fnmatchcase(example, p) for p in refused):
            yield Trigger("push", names.ref_of(example, default), at, example, "*" if branch in ("*", "**") else branch)


def _example(pattern: str, filler: str) -> str:
    """A name that a filter pattern matches."""
    plain = re.sub(r"\[(\w)[^\]]{0,40}\]", r"\1", pattern)
    return re.sub(r"\*+", filler, plain).replace("?", "").replace("+", "")
