"""What a document on deploying says of the pipeline, in a few known phrases, and whether the pipeline agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.links.pipelines import deploys_in, entries
from gatekeeper.models.docs import Document
from gatekeeper.models.pipeline import Job, Trigger
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

_MERGE = regex(
    r"\b(?:merg|push)\w{0,3}\b[^.\n]{0,50}?\b(?:to|into)\s+(?:the\s+)?[`\"']?([A-Za-z][\w./-]{1,60}?)[`\"']?(?:\s+branch\b|(?=[\s.,;:)`\"']|\Z))",
    re.IGNORECASE,
)
_BRANCHES = frozenset("main master trunk develop dev staging production prod release".split())
_AUTOMATIC = regex(
    r"\b(?:pipeline|workflow|ci/cd|ci|cd|deploy\w{0,6}|release|action)\b[^.\n]{0,60}?\bautomatic(?:ally)?\b"
    r"|\bautomatic(?:ally)?\b[^.\n]{0,40}?\b(?:deploy|trigger|releas|start|roll)\w{0,4}\b|\bauto-?deploy",
    re.IGNORECASE,
)
_NOT = regex(
    r"\b(?:not|never|no longer|isn't|doesn't|don't|manual(?:ly)?|without|disabled?|cannot|instead)\b", re.IGNORECASE
)
_SMOKE = regex(
    r"\b(?:pipeline|workflow|ci/cd|ci|job)\b[^.\n]{0,60}?\bsmoke[ -]?tests?\b"
    r"|\bsmoke[ -]?tests?\b[^.\n]{0,30}?\b(?:run|runs|are run|executed?)\b[^.\n]{0,20}?"
    r"\b(?:automatically|in the pipeline|by the pipeline|in ci)\b",
    re.IGNORECASE,
)
_NEAR = 3  # pieces of text around that say on which branch


class Claim(NamedTuple):
    """What a document says of the pipeline: `branch` starts it (`automatic`), or it runs smoke tests."""

    what: str  # branch, automatic, smoke
    branch: str
    at: Node


def claims_in(document: Document) -> Iterator[Claim]:
    """The phrases of a document that speak of the pipeline."""
    texts = [text.node for text in document.parts.texts]
    for number, node in enumerate(texts):
        if len(node.text) > 1000 or _NOT.search(node.text):
            continue
        if _SMOKE.search(node.text):
            yield Claim("smoke", "", node)
        if not _AUTOMATIC.search(node.text):
            continue
        around = (node, *reversed(texts[max(0, number - _NEAR) : number]))
        branch = next((name for each in around for name in [_branch(each.text)] if name), "")
        if branch:
            yield Claim("automatic", branch, node)


def _branch(text: str) -> str:
    return next((found[1] for found in _MERGE.finditer(text[:1000]) if found[1].lower() in _BRANCHES), "")


class Against(NamedTuple):
    """What the pipelines say instead, and whether that is certain."""

    words: str
    certain: bool


def against(claim: Claim, project: Project) -> Against | None:
    """What contradicts a claim; None where the pipelines agree, or there are none to ask."""
    pipelines = entries(project)
    jobs = [job for pipeline in pipelines for job in pipeline.all_jobs]
    if not jobs:
        return None
    if claim.what == "smoke":
        return _no_smoke(jobs)
    deploying = [job for job in jobs if job.deploy]
    if not deploying:
        return None
    answers = [
        deploys_in(job, trigger) for job in deploying for trigger in job.starts if _is_push(trigger, claim.branch)
    ]
    if any(answer is not False for answer in answers):
        return None
    chained = any(trigger.ref in ("workflow_run", "call", "other") for job in deploying for trigger in job.starts)
    starts = list(dict.fromkeys(trigger.words for job in deploying for trigger in job.starts))
    return Against(f"what deploys starts with {', '.join(starts[:4])}", not chained)


def _is_push(trigger: Trigger, branch: str) -> bool:
    if trigger.event != "push" or trigger.ref == "tag":
        return False
    return fnmatchcase(branch, trigger.pattern) if trigger.pattern else trigger.branch == branch


def _no_smoke(jobs: list[Job]) -> Against | None:
    if any("smoke" in job.kinds for job in jobs):
        return None
    open_ = sum(not step.classified for job in jobs for step in job.steps)
    return Against(f"none of {len(jobs)} jobs runs any", not open_)
