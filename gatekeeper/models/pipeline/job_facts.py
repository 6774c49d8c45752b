"""Jobs to facts: what their steps do, and what only the job as a whole shows."""

from __future__ import annotations

import re

from gatekeeper.models.pipeline import declared, environments, kinds, remote
from gatekeeper.models.pipeline.environments import Class
from gatekeeper.models.pipeline.facts import worse
from gatekeeper.models.pipeline.ir import Fact, Job, Step, text_of
from gatekeeper.models.pipeline.kinds import Hit
from gatekeeper.models.pipeline.scanners import YES, Blocking
from gatekeeper.node import regex


def of_job(job: Job) -> tuple[Fact, ...]:
    """The facts of a job. One that calls another pipeline has those only when it cannot be read: by its name."""
    found = [fact for step in job.steps for fact in step.facts]
    if not _PLANS.isdisjoint(environments.tokens(f"{job.id} {job.title}")):
        found = [_only_planned(job, fact) for fact in found]
    if job.unresolved:
        found += _of_called(job)
    elif job.steps:
        found += _said_of(job, "job", job.id, job.title)
        found += _gitops(job, found)
        found += _reports(job, found)
        found += _in_production(job, found)
        found += _called_deploy(job, found)
    return tuple(sorted(found, key=lambda fact: fact.order) if len(found) > 1 else found)


_PLANS = frozenset({"plan", "validate", "diff", "drift"})


def _only_planned(job: Job, fact: Fact) -> Fact:
    """A script that a job of plans runs may apply too, when it is told to: whether it is, its name says."""
    if fact.kind != "deploy" or fact.strength != "derived" or fact.tool not in kinds.INFRASTRUCTURE:
        return fact
    named = environments.tokens(f"{job.id} {job.title} {text_of(fact.step.title_at)}")
    return fact if not _ACTS.isdisjoint(named) else fact._replace(strength="name")


def _called_deploy(job: Job, found: list[Fact]) -> list[Fact]:
    """A job that is called a deployment and does something that is not known may deploy."""
    if any(fact.kind in ("deploy", "publish") for fact in found) or all(step.classified for step in job.steps):
        return []
    named = [*kinds.by_name(job.id, "name"), *kinds.by_name(job.title, "name")]
    why = Blocking("unknown", "what it does is not known")
    return [_of_whole(job, hit, "name", why) for hit in named[:1] if hit.kind == "deploy"]


def _of_called(job: Job) -> list[Fact]:
    said = _said_of(job, "uses", job.unresolved.partition("@")[0], job.unresolved)
    said = said or _said_of(job, "job", job.id, job.title)
    if said:
        return said
    words = job.unresolved.partition("@")[0].rpartition("/")[2].removesuffix(".yml").removesuffix(".yaml")
    hits = kinds.by_name(words, job.unresolved) or kinds.by_name(job.id, job.unresolved)
    why = Blocking("unknown", f"{job.unresolved} is in another repository")
    return [_of_whole(job, hit, "name", why) for hit in hits]


def _of_whole(job: Job, hit: Hit, strength: str, blocking: Blocking, target: str = "") -> Fact:
    """A fact that a job establishes as a whole."""
    step = job.steps[0] if job.steps else Step(job.node, job, 0)
    place = job.uses_at if job.unresolved else job.node
    return Fact(hit.kind, hit.tool, strength, blocking.word, blocking.reason, target, 0, place, step)


def _said_of(job: Job, field: str, *texts: str) -> list[Fact]:
    found = declared.of(job.pipeline.workspace.tree, field, *texts)
    no = Blocking("no", f"its failure does not count, {declared.BY}")
    hits = [(Hit(each.kind, f"{texts[0]}, {declared.BY}"), YES if each.blocking else no, each) for each in found]
    return [_of_whole(job, hit, "strong", blocking, each.environment) for hit, blocking, each in hits]


OPEN = "its environment alone"
_DOES = frozenset("deploy trigger publish rollback migrate prod-mutation plan smoke ephemeral".split())


def _in_production(job: Job, found: list[Fact]) -> list[Fact]:
    """A step of which nobody knows what it does, in an environment that is production: it may be what deploys."""
    named = job.environment
    if named is None or named.cls is not Class.PROD or any(f.kind in _DOES or f.kind in kinds.TESTS for f in found):
        return []
    step = next((each for each in job.steps if not each.classified), None)
    if step is None or _only_looks(job, step):
        return []
    place = step.uses_at if step.uses else step.node
    return [Fact("deploy", OPEN, "name", "yes", "", "", step.index * 1000, place, step)]


_LOOKS = frozenset("validate validation verify check checks lint plan diff drift monitor audit report backup".split())
_ACTS = frozenset("deploy deployment release apply promote rollout publish update sync restart upgrade".split())


def _only_looks(job: Job, step: Step) -> bool:
    """Whether the names of a job and of its step say that it looks at production, or copies from it, and no more."""
    called = step.slug.rpartition("/")[2]
    words = environments.tokens(f"{job.id} {job.title} {text_of(step.title_at)} {called} {job.root.pipeline.title}")
    return not _LOOKS.isdisjoint(words) and _ACTS.isdisjoint(words)


def _gitops(job: Job, found: list[Fact]) -> list[Fact]:
    """A new version written into a manifest and pushed: what watches the repository deploys it."""
    push = next((fact for fact in reversed(found) if fact.kind == "gitpush"), None)
    if push is None or any(fact.kind == "deploy" and fact.strength != "name" for fact in found):
        return []
    before = [step for step in job.steps if step.index <= push.step.index]
    commands = [kinds.unwrap(script.command.words) for step in before for script in step.scripts]
    edits = {edit for words in commands if (edit := remote.edits_manifest(words))}
    if not edits:
        return []
    other = [step.inputs.get("repository", "") for step in job.steps if step.slug == "actions/checkout"]
    away = any(remote.elsewhere(name) for name in other) or any(
        words[:2] == ("git", "clone") or words[:3] == ("gh", "repo", "clone") for words in commands
    )
    to = next((to for words in commands if (to := remote.push(words))), None)
    branch = to.branch if to and remote.kind_of_push(to) == "deploy" else ""
    if "certain" not in edits and not away and not branch:
        return []
    target = branch or next((name for name in other if remote.elsewhere(name)), "")
    strength = "derived" if "certain" in edits or away else "name"
    return [push._replace(kind="deploy", tool="git push (GitOps)", strength=strength, target=target)]


_RESULTS = regex(r"junit|test-?results?|test-?reports?|surefire|TEST-\*|\.trx\b", re.IGNORECASE)
_UPLOADS = ("actions/upload-artifact", "actions/upload-code-coverage")


def _reports(job: Job, found: list[Fact]) -> list[Fact]:
    """Reports that a step hands on show that tests or an analysis ran, although the tool is not known."""
    more: list[Fact] = []
    held = {fact.kind for fact in found}
    for step in job.steps:
        if not step.slug.startswith(_UPLOADS):
            continue
        text = f"{step.inputs.get('path', '')} {step.inputs.get('name', '')}"
        kind = "test" if _RESULTS.search(text) else "analysis" if ".sarif" in text else ""
        if not kind or held & (kinds.TESTS if kind == "test" else kinds.SCANS):
            continue
        reason = "its report is kept, the tool that wrote it is not known"
        more.append(Fact(kind, step.slug, "name", "unknown", reason, "", step.index * 1000, step.uses_at, step))
    return more[:1]


def softened(found: tuple[Fact, ...], by: tuple[str, str]) -> tuple[Fact, ...]:
    """Facts as the jobs behind theirs meet them, where that job's failure may count as success."""
    if by[0] == "no":
        return found
    word = "no" if by[0] == "yes" else "unknown"
    return tuple(_weakened(fact, Blocking(word, f"the job has {by[1]}")) for fact in found)


def _weakened(fact: Fact, by: Blocking) -> Fact:
    graver = worse(Blocking(fact.blocking, fact.reason), by)
    return fact._replace(blocking=graver.word, reason=graver.reason)
