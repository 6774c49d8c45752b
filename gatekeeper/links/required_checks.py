"""Whether a check that another pipeline runs before a merge is required, so that what is deployed has passed it.

Nothing in a repository's pipelines says so: that is a rule of the server, written in Terraform, in a file of settings,
or shown by a snapshot. A check is known there by its name only, so the name must be that of the job and of no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatekeeper.links import protected
from gatekeeper.links.pipelines import entries
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models.pipeline import Fact, Job, Judgement, Level, Trigger, play, step_runs
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.node import Node, regex
from gatekeeper.project import Project


class Required(NamedTuple):
    """Whether a check is required (`yes`, `no`, `unknown`), why, where that is written, and what would settle it."""

    word: str
    why: str
    at: Node | None = None
    next: str = ""


def settled(judgement: Judgement, job: Job, project: Project) -> Required | None:
    """Whether the checks that a judgement calls INDIRECT are required for what the job deploys; None for others.

    One check suffices, and every way to start must be a push to a branch that demands it.
    """
    if judgement.level is not Level.INDIRECT:
        return None
    found: list[Required] = []
    checks = [fact for fact in judgement.cites if fact.strength != "name"]
    for trigger in deploying(job):
        if not _is_push(trigger):
            words = f"{trigger.words} may deploy a commit that no merge has checked"
            return Required("unknown", words, trigger.at, "deploy from pushes to a protected branch")
        default = trigger.ref == "push-default"
        of_branch = [required(fact, trigger.branch, project, default=default) for fact in checks]
        best = min(of_branch, key=lambda each: ("yes", "unknown", "no").index(each.word), default=None)
        if best is None or best.word != "yes":
            return best
        found.append(best)
    return found[0] if found else None


def _is_push(trigger: Trigger) -> bool:
    return trigger.event == "push" and trigger.ref.startswith("push-") and not trigger.pattern and bool(trigger.branch)


def required(fact: Fact, branch: str, project: Project, *, default: bool) -> Required:
    """Whether the check that a fact stands for must pass before something is merged into a branch; made once."""
    key = ("required", id(fact), branch, default)
    return project.once(key, lambda project: (_required(fact, branch, project, default), fact))[0]  # it keeps its id


def _required(fact: Fact, branch: str, project: Project, default: bool) -> Required:
    job = fact.step.job
    platform = job.root.pipeline.platform
    if fact.blocking != "yes":
        return Required("no", f"{fact.step.words} cannot fail its check: {fact.reason}", fact.place)
    doubt = _doubt(fact, branch)
    if doubt:
        return Required("unknown", doubt, fact.place)
    if platform == "gitlab":
        return _of_gitlab(branch, project)
    if platform != "github":
        return Required("unknown", "which checks a merge needs is not in the files", fact.place)
    return _of_github(job, branch, default, project)


def _doubt(fact: Fact, branch: str) -> str:
    """Why it is not certain that the check runs before a merge into the branch; '' where it is."""
    job, pipeline = fact.step.job, fact.step.job.root.pipeline
    merges = [trigger for trigger in pipeline.triggers if _before_merge(trigger, branch)]
    if not merges:
        return f"{pipeline.name} does not run before a merge into {branch}"
    for trigger in merges:
        if play(pipeline, trigger).of(job) and step_runs(fact.step, trigger):
            return ""
    words = f"whether {fact.step.words} runs on {merges[0].words} depends on {job.says_when}"
    return f"{words}, and what is skipped counts as passed"


def _before_merge(trigger: Trigger, branch: str) -> bool:
    if trigger.event not in ("pull_request", "merge_group", "merge_request_event"):
        return False
    at = trigger.at
    if not at.known or not at.is_mapping:
        return True
    types = [text_of(each) for each in at["types"]] if at["types"].known and at["types"].is_list else []
    if types and trigger.event == "pull_request" and "synchronize" not in types:
        return False
    wanted, left = _texts(at["branches"]), _texts(at["branches-ignore"])
    if wanted and not any(protected.matches(pattern, branch) for pattern in wanted if not pattern.startswith("!")):
        return False
    left += [pattern[1:] for pattern in wanted if pattern.startswith("!")]
    return not any(protected.matches(pattern, branch) for pattern in left)


def _texts(node: Node) -> list[str]:
    if not node.known or not node.present:
        return []
    return [text_of(each) for each in node] if node.is_list else [text_of(node)]


# GitHub


def _of_github(job: Job, branch: str, default: bool, project: Project) -> Required:
    mine = protected.demanded(branch, default, project)
    for each, gate in ((each, gate) for each in mine for gate in (job, *_gathering(job))):
        pieces = _pieces(gate)
        hit = next((check for check in each.checks or () if _is_called(check, pieces)), "")
        if not hit:
            continue
        twin = _twin(hit, gate, project)
        if twin:
            words = f"{each.words} requires {hit!r}, which {twin.name} is called too"
            return Required("unknown", words, each.at, "give the two jobs names of their own")
        passed = ", though some may pass it over" if each.passed_over else ""
        return Required("yes", f"{each.words} requires {hit!r} before a merge into {branch}{passed}", each.at)
    return _not_required(job, branch, mine, protected.branches(project).open)


def _gathering(job: Job) -> Iterator[Job]:
    """The jobs that fail where this one does not succeed: they run in any case, and look at what it came to. One that
    only needs it is skipped then, and what is skipped counts as passed."""
    for other in job.pipeline.jobs:
        if job.id not in other.needs:
            continue
        merges = [t for t in job.root.pipeline.triggers if t.event in ("pull_request", "merge_group")]
        runs = merges and all(play(job.root.pipeline, t, {id(job): "failure"}).of(other) for t in merges)
        for step in other.steps if runs else ():
            allowed = f"{step.inputs.get('allowed-failures', '')} {step.inputs.get('allowed-skips', '')}"
            if step.slug == "re-actors/alls-green" and job.id not in re.split(r"[\s,\"\[\]]+", allowed):
                yield other


def _not_required(
    job: Job, branch: str, mine: Sequence[protected.Demanded], open_: Sequence[protected.Open]
) -> Required:
    name = _shown(job)
    fix = (
        f"save it (`gh api repos/OWNER/NAME/rules/branches/{branch} > rules.json`), and keep it "
        f"(`gatekeeper evidence github-rulesets --about {branch} rules.json`); the older protection is another answer "
        f"(`gh api repos/OWNER/NAME/branches/{branch}/protection`, `gatekeeper evidence github-branch-protection`)"
    )
    hidden = next((each for each in mine if each.checks is None), None)
    if hidden:
        return Required("unknown", f"which checks {hidden.words} requires is known only when it runs", hidden.at, fix)
    if mine:
        words = f"{mine[0].words} does not require {name!r} before a merge into {branch}"
        return Required("unknown", words, mine[0].at, fix)
    if open_:
        return Required("unknown", open_[0].words, open_[0].at, fix)
    return Required("unknown", f"whether {name!r} is required before a merge into {branch} is not known", None, fix)


_EXPRESSION = regex(r"\$\{\{.{0,500}?\}\}")


def _pieces(job: Job) -> tuple[str, ...]:
    """What the checks of a job are called: its name or id, with what a matrix adds, behind the jobs that call it.

    Between the pieces stands what is put in when it runs. Empty where its name says nothing that tells it from others.
    """
    own = _own_pieces(job)
    caller = job.pipeline.caller
    if caller is None or not own:
        return own
    outer = _pieces(caller)
    return (*outer[:-1], f"{outer[-1]} / {own[0]}", *own[1:]) if outer else ()


def _own_pieces(job: Job) -> tuple[str, ...]:
    title = job.title or job.id
    pieces = tuple(_EXPRESSION.split(title))
    if len(pieces) > 1:
        telling = any(len(piece.strip(" ()-_/,")) > 1 for piece in pieces)
        return pieces if telling and len(pieces) < 5 else ()
    return (f"{title} (", ")") if job.matrix.present else pieces


def _is_called(check: str, pieces: tuple[str, ...]) -> bool:
    """Whether a check has the name that pieces leave open in between, by at least one character each. Linear: both the
    names and the checks are a stranger's."""
    if len(pieces) < 2:
        return check in pieces
    at = len(pieces[0])
    if not check.startswith(pieces[0]):
        return False
    for piece in pieces[1:-1]:
        found = check.find(piece, at + 1)
        if found < 0:
            return False
        at = found + len(piece)
    return check.endswith(pieces[-1]) and len(check) - len(pieces[-1]) > at


def _shown(job: Job) -> str:
    caller = job.pipeline.caller
    return f"{_shown(caller)} / {job.title or job.id}" if caller else job.title or job.id


def _twin(check: str, job: Job, project: Project) -> Job | None:
    """Another job whose check has that name too: either of them would do, or what is skipped for it."""
    for pipeline in entries(project):
        for other in pipeline.all_jobs:
            same = other.node is job.node and other.pipeline.path == job.pipeline.path
            if other is job or same or other.root.pipeline.platform != "github":
                continue
            if not other.called and _is_called(check, _pieces(other)) and _may_merge(other):
                return other
    return None


def _may_merge(job: Job) -> bool:
    pipeline = job.root.pipeline
    events = ("pull_request", "merge_group", "pull_request_target")
    merges = [t for t in pipeline.triggers if t.event in events or t.ref == "push-other"]
    return any(play(pipeline, t).of(job) is not False for t in merges)


# GitLab


def _of_gitlab(branch: str, project: Project) -> Required:
    """A pipeline must succeed before a merge, and nobody pushes past merge requests."""
    fix = 'set only_allow_merge_if_pipeline_succeeds, and push_access_level = "no one" for the branch'
    merges = list(_projects(project))
    if not merges:
        return Required("unknown", "whether a merge needs a pipeline that succeeds is not known", None, fix)
    for node, at in merges:
        succeeds, skipped = node["only_allow_merge_if_pipeline_succeeds"], node["allow_merge_on_skipped_pipeline"]
        if not succeeds.known or succeeds.value is not True:
            return Required("unknown", "a merge does not need a pipeline that succeeds", at, fix)
        if not skipped.known or skipped.value is True:
            return Required("unknown", "a pipeline that is skipped counts as one that succeeds", at, fix)
        if not _nobody_pushes(branch, project):
            words = f"whether somebody may push to {branch} past the merge requests is not known"
            return Required("unknown", words, at, fix)
    return Required("yes", f"a merge into {branch} needs a pipeline that succeeds", merges[0][1])


def _projects(project: Project) -> Iterator[tuple[Node, Node]]:
    from gatekeeper.links import bound

    here = (bound.ours(project) or project.settings.service.name.lower()).rpartition("/")[2]
    for each in terraform_resources(project):
        if each.type == "gitlab_project" and here:
            name = each.node["path"] if each.node["path"].present else each.node["name"]
            if name.known and name.text.lower() == here:
                yield each.node, Node(each.name, each.written_in, each.span)


def _nobody_pushes(branch: str, project: Project) -> bool:
    for each in terraform_resources(project):
        if each.type == "gitlab_branch_protection":
            name, level = each.node["branch"], each.node["push_access_level"]
            if name.known and level.known and name.text == branch:
                return level.text == "no one" and not each.present("allowed_to_push")
    return False
