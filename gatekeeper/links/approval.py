"""Whether somebody approves before a job deploys to production, for each way in which its pipeline starts.

What approves must dominate the deployment: without its yes the deployment does not run. Candidates are the environment
of the job, and the environments and approvals of the jobs before it. How much each is worth depends on who is known to
have to say yes; the best of them counts, and of the ways to start the worst.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple

from gatekeeper.links import protected
from gatekeeper.links.pipelines import deploys_in, later, production_of
from gatekeeper.models.pipeline import Class, Fact, Job, Trigger, before, environment_for, play
from gatekeeper.models.pipeline.environments import classify
from gatekeeper.models.pipeline.levels import holds_in
from gatekeeper.node import Node, regex
from gatekeeper.project import Project


class Status(StrEnum):
    """How far it is certain that somebody approves.

    VERIFIED: somebody who is named, or is known to be asked for, must say yes before. DECLARED: it waits for something
    that may ask somebody; whether it does is not in the files. UNKNOWN: a part of the way cannot be read. WEAK: one
    person does it all, or only time passes. BYPASSABLE: it runs although the approval was refused. MISPLACED: what
    approves comes after it, or guards something else. ABSENT: nobody is asked.
    """

    VERIFIED = "verified"
    DECLARED = "declared"
    UNKNOWN = "unknown"
    WEAK = "weak"
    BYPASSABLE = "bypassable"
    MISPLACED = "misplaced"
    ABSENT = "absent"

    @property
    def fails(self) -> bool:
        return self in (Status.BYPASSABLE, Status.MISPLACED, Status.ABSENT)


_WORST = (
    Status.ABSENT, Status.MISPLACED, Status.BYPASSABLE, Status.WEAK, Status.UNKNOWN, Status.DECLARED, Status.VERIFIED,
)  # fmt: skip
_BEST = tuple(reversed(_WORST))


class Cite(NamedTuple):
    """A place that an answer rests on, and what is to be seen there."""

    at: Node
    words: str


class Approval(NamedTuple):
    """The status, why in a few words, what it rests on, and what to do next.

    `reason` is of UNKNOWN's closed list. `selfish`: whoever started the deployment may be the one who approves it.
    """

    status: Status
    why: str
    cites: tuple[Cite, ...] = ()
    next: str = ""
    reason: str = "unresolved"
    selfish: bool | None = None


class _Context(NamedTuple):
    """One way to start, whether the job certainly deploys then, and who approves."""

    trigger: Trigger
    sure: bool
    approval: Approval


def approval_of(job: Job, project: Project) -> Approval:
    """Who approves before a job deploys to production."""
    return project.once(("approval", id(job)), lambda project: _approval(job, project))


def guards_of(job: Job) -> list[Job]:
    """The job and those it waits for that name an environment which may be production's: neither one that says it is
    another, a preview or a registry, nor one that the job passes by."""
    return [each for each in _named(job) if _own(each, job) or _always_waits(job, each)]


def _approval(job: Job, project: Project) -> Approval:
    contexts = [each for trigger in _starts(job) if (each := _context(job, trigger, project))]
    if not contexts:
        return _nothing(job, None)
    sure = [each for each in contexts if each.sure]
    worst, least = _worst(sure or contexts), _worst(contexts)
    elsewhere_better = not sure and any(not each.approval.status.fails for each in contexts)
    if least.approval.status.fails and (elsewhere_better or not worst.approval.status.fails):
        words = f"whether it deploys on {least.trigger.words} is not in the files; then {least.approval.why}"
        return least.approval._replace(status=Status.UNKNOWN, why=words)
    if not worst.approval.status.fails:
        worst = least
    if len({each.approval.status for each in contexts}) > 1:
        return worst.approval._replace(why=f"{worst.approval.why} (on {worst.trigger.words})")
    return next((each.approval for each in contexts if each.approval.selfish), worst.approval)


def _worst(contexts: Sequence[_Context]) -> _Context:
    return min(contexts, key=lambda each: _WORST.index(each.approval.status))


def _starts(job: Job) -> list[Trigger]:
    return [trigger for trigger in job.root.pipeline.triggers if trigger.ref != "call"]


def _context(job: Job, trigger: Trigger, project: Project) -> _Context | None:
    """Who approves in the run that a trigger starts; None where it then deploys nothing to production."""
    reached = deploys_in(job, trigger)
    if reached is False:
        return None
    sure = bool(reached)
    production = production_of(job, project)
    name = environment_for(job, trigger)
    if production and production.parametric:
        if name and classify(name) in _ELSEWHERE:
            return None
        chosen = name is None and trigger.ref == "dispatch"  # whoever starts it may choose production
        sure = sure and bool(name or chosen)
    return _Context(trigger, sure, _in(job, trigger, project))


_ELSEWHERE = (Class.NONPROD, Class.EPHEMERAL, Class.PUBLISH)


def _in(job: Job, trigger: Trigger, project: Project) -> Approval:
    found = [*_of_environments(job, trigger, project), *_of_facts(job, trigger), *_of_review(trigger, project)]
    best = min(found, key=lambda each: _BEST.index(each.status), default=None)
    rest = _nothing(job, trigger)
    if best is None or (best.status.fails and rest.status is Status.UNKNOWN):
        return rest
    return best


# environments


def _named(job: Job) -> list[Job]:
    """The job, what calls it and those before it that name an environment which may be production's, nearest first."""
    caller = job.pipeline.caller
    every = [*(each for each in (job, caller) if each), *job.ancestors()]
    return [each for each in every if each.environment and each.environment.cls not in _ELSEWHERE]


def _own(gate: Job, job: Job) -> bool:
    return gate is job or gate is job.pipeline.caller


def _always_waits(job: Job, gate: Job) -> bool:
    return all(_refused(job, gate, trigger) is False for trigger in _starts(job))


def _refused(job: Job, gate: Job, trigger: Trigger) -> bool | None:
    """Whether the job runs when one before it is refused."""
    return play(job.root.pipeline, trigger, {id(gate): "failure"}).of(job)


def _of_environments(job: Job, trigger: Trigger, project: Project) -> Iterator[Approval]:
    for gate in _named(job):
        names = _names(gate, trigger)
        if names == ():
            continue
        passed = None if _own(gate, job) else _passed(job, gate, trigger)
        if passed == ():
            continue
        if isinstance(passed, Approval):
            yield passed
            continue
        if names is None:
            yield _unnamed(gate)
            continue
        each = [_environment(name, gate, project) for name in names]
        order = _WORST if _own(gate, job) else _BEST  # each run of a matrix has its own; a gate waits for all of them
        yield min(each, key=lambda one: order.index(one.status))


def _names(gate: Job, trigger: Trigger) -> tuple[str, ...] | None:
    """The environments that a job may be in for a trigger, as far as they may be production's; None: not known."""
    named = gate.environment
    name = environment_for(gate, trigger)
    every = named.values if named and name is None else (name,) if name else ()  # '' is none in this run
    if every is None:
        return None
    mine = [each for each in every if classify(each) not in _ELSEWHERE]
    return tuple(sorted(mine, key=lambda each: classify(each) is not Class.PROD))


def _passed(job: Job, gate: Job, trigger: Trigger) -> Approval | tuple[()] | None:
    """What is wrong about a job as a gate: an answer; () where it does not run then; None where nothing is."""
    pipeline = job.root.pipeline
    ran = play(pipeline, trigger).of(gate)
    if ran is False:
        return ()
    cite = (Cite(gate.environment.at if gate.environment else gate.node, "what asks"),)
    runs = _refused(job, gate, trigger)
    if runs:
        soft = gate.softened_in(trigger)
        words = f"job {gate.id} has {soft[1]}" if soft[1] else f"runs although job {gate.id} did not succeed"
        return Approval(
            Status.BYPASSABLE, f"{words}: its environment is passed by", cite, f"let {job.says_when} fail with that job"
        )
    if runs is None:
        words = f"whether it runs when job {gate.id} is refused depends on {job.says_when}"
        return Approval(Status.UNKNOWN, words, cite, "let the job run only after the success of what it needs")
    if ran is None and play(pipeline, trigger, {id(gate): "skipped"}).of(job):
        words = f"runs also when job {gate.id}, which asks, is skipped"
        return Approval(Status.UNKNOWN, words, cite, "let the job run only after the success of what it needs")
    return None


def _unnamed(gate: Job) -> Approval:
    assert gate.environment
    raw = gate.environment.raw
    words = f"environment {raw} is known only when it runs, and so is who must approve"
    snapshot = _SNAPSHOT_OF_GITLAB if gate.pipeline.platform == "gitlab" else _SNAPSHOT
    return Approval(Status.DECLARED, words, (Cite(gate.environment.at, "the environment"),), snapshot, "needs-api")


_SNAPSHOT = (
    "save it (`gh api repos/OWNER/NAME/environments > environments.json`), and keep it "
    "(`gatekeeper evidence github-environments environments.json`)"
)
_SNAPSHOT_OF_GITLAB = (
    "save it (`glab api projects/ID/protected_environments > environments.json`), and keep it "
    "(`gatekeeper evidence gitlab-environments environments.json`)"
)


def _environment(name: str, gate: Job, project: Project) -> Approval:
    """Who must approve before an environment is deployed to."""
    assert gate.environment
    platform = gate.pipeline.platform
    at = Cite(gate.environment.at, f"environment {name}")
    known = protected.about(name, platform, project)
    snapshot = _SNAPSHOT_OF_GITLAB if platform == "gitlab" else _SNAPSHOT
    if platform not in ("github", "gitlab"):
        return Approval(Status.WEAK, f"environment {name} is a name, and asks nobody", (at,))
    if not known:
        return _undeclared(name, at, snapshot, project)
    said = known[0] if known[0].by == "snapshot" else _firm(known)
    cites = (at, Cite(said.at, said.words))
    if said.approved is None:
        return Approval(Status.DECLARED, f"environment {name}: {said.why}", cites, snapshot, "needs-api")
    if said.approved and _without_deployment(gate):
        words = f"environment {name}: whether its reviewers are asked with `deployment: false` is not known"
        return Approval(Status.DECLARED, words, cites, "remove deployment: false", "needs-human")
    if said.approved:
        return Approval(Status.VERIFIED, f"environment {name}: {said.words}", cites, selfish=said.starter)
    if said.waits or said.restricted:
        what = "only waits for a while" if said.waits else _limits(platform)
        words = f"environment {name} {what}, and has no required reviewer"
        return Approval(Status.WEAK, words, cites, "give the environment required reviewers", "needs-human")
    words = f"nobody approves: environment {name} has no required reviewer"
    return Approval(Status.ABSENT, words, cites, "give it required reviewers")


def _limits(platform: str) -> str:
    return "limits who may deploy" if platform == "gitlab" else "limits the branches"


def _firm(known: Sequence[protected.Declared]) -> protected.Declared:
    """Of several files the one that says least: they may be about different servers, and all of them are applied."""
    return min(known, key=lambda each: (each.approved is not False, each.approved is not None))


def _undeclared(name: str, at: Cite, snapshot: str, project: Project) -> Approval:
    words = f"environment {name} names nobody: whether it has required reviewers is in the repository's settings"
    for each in protected.environments(project).open:
        if not each.name or each.name.lower() == name.lower():
            return Approval(
                Status.DECLARED, f"{words}; {each.words}", (at, Cite(each.at, each.words)), snapshot, each.reason
            )
    return Approval(Status.DECLARED, words, (at,), snapshot, "needs-api")


def _without_deployment(gate: Job) -> bool:
    node = gate.node["environment"]
    return bool(node.is_mapping and node["deployment"].present and node["deployment"].value is not True)


# approvals: actions, jobs that are started by hand, inputs


def _of_facts(job: Job, trigger: Trigger) -> Iterator[Approval]:
    for fact in before(job):
        if fact.kind != "approval":
            continue
        own = fact.order < 0 and fact.step.job is job  # the job itself waits for a person
        word, why = _waits(job, trigger) if own else holds_in(fact, job, trigger)
        cite = (Cite(fact.place, fact.step.label if not own else "waits for a person"),)
        if word == "no":
            words = f"{why}: the approval is passed by"
            yield Approval(Status.BYPASSABLE, words, cite, f"let {job.says_when} fail with the approval")
        elif word == "unknown":
            yield Approval(Status.UNKNOWN, why, cite, "let the job run only after the success of the approval")
        elif word == "yes":
            yield _asked(fact, cite)


def _waits(job: Job, trigger: Trigger) -> tuple[str, str]:
    waits = job.waits_in(trigger)
    if waits is None:
        return "unknown", f"whether it waits for a person on {trigger.words} is not in the files"
    return ("yes", "") if waits else ("elsewhere", "")


_APPROVERS = ("approvers", "approver", "reviewers", "users", "teams")
_EXCLUDES = ("exclude-workflow-initiator-as-approver", "exclude_workflow_initiator_as_approver", "excludeinitiator")
_MINIMUM = ("minimum-approvals", "minimum_approvals", "minimumapprovals")
_COUNT = regex(r"[0-9]{1,4}\Z")
_WHOEVER_STARTS = regex(r"github\.(?:actor|triggering_actor|event\.sender)|BUILD_USER|GITLAB_USER")


_EVERYBODY = ("authenticated", "anonymous", "everyone", "*")


def _submitter(fact: Fact) -> str:
    """Whom an `input` of Jenkins asks; '' for what asks nobody in particular."""
    return fact.target or str(getattr(fact.step, "submitter", ""))


def _label(fact: Fact) -> str:
    return fact.tool if fact.order < 0 else fact.step.label


def _asked(fact: Fact, cite: tuple[Cite, ...]) -> Approval:
    """What an approval is worth: who is asked, and whether whoever started it can be the only one who says yes."""
    if fact.strength == "name":
        words = f"that {fact.step.words} asks somebody is said by its name alone"
        return Approval(Status.DECLARED, words, cite, "map it under pipeline.kinds in gatekeeper.yaml", "unresolved")
    if fact.strength != "strong":
        words = f"who approves is decided in what {fact.step.words} runs"
        return Approval(Status.DECLARED, words, cite, "ask in a step of the job itself", "unresolved")
    action = fact.step.job.pipeline.platform == "github"
    inputs = fact.step.inputs if action else {}
    named = next((inputs[key] for key in _APPROVERS if inputs.get(key)), "") if action else _submitter(fact)
    if action and not named:
        words = f"who approves in {fact.tool} is not in the files"
        return Approval(Status.DECLARED, words, cite, "attest who approves there", "needs-human")
    if not named or named.strip().lower() in _EVERYBODY:
        words = f"{_label(fact)} asks nobody in particular: one person is enough, also whoever started it"
        return Approval(Status.WEAK, words, cite, "name who may approve", "needs-human")
    if _WHOEVER_STARTS.search(named):
        words = f"{fact.step.words} asks whoever started it"
        return Approval(Status.WEAK, words, cite, "name others who approve", "needs-human")
    if "${" in named or "$(" in named:
        words = f"who approves in {fact.step.words} is known only when it runs"
        return Approval(Status.DECLARED, words, cite, "write the approvers into the file", "unresolved")
    if not action:
        return Approval(Status.VERIFIED, f"one of {named} must approve", cite)
    return _named_in(inputs, named, fact, cite)


def _named_in(inputs: dict[str, str], named: str, fact: Fact, cite: tuple[Cite, ...]) -> Approval:
    """An action that names its approvers. Without a minimum all of them must approve."""
    listed = [name.strip().lower() for name in named.replace("\n", ",").split(",") if name.strip()]
    approvers = set(listed)
    excluded = any(inputs.get(key, "").strip().lower() == "true" for key in _EXCLUDES)
    minimum = next((inputs[key].strip() for key in _MINIMUM if inputs.get(key)), "")
    needed = int(minimum) if _COUNT.match(minimum) else len(approvers) if not minimum else 0
    if len(approvers) < len(listed):
        needed = min(needed, len(approvers))  # somebody who is named twice is one
    if (minimum.isdigit() and needed == 0) or inputs.get("fail-on-denial", "").strip().lower() == "false":
        return Approval(Status.WEAK, f"{fact.step.words} goes on without anybody's yes", cite, "ask for an approval")
    if excluded or needed > 1:
        return Approval(Status.VERIFIED, f"{needed or 'some'} of {', '.join(sorted(approvers))} must approve", cite)
    words = f"one of {', '.join(sorted(approvers))} must approve, who may be whoever started it"
    fix = "add exclude-workflow-initiator-as-approver: true, or minimum-approvals: 2"
    return Approval(Status.WEAK, words, cite, fix, "needs-human")


# the review of what is merged


def _of_review(trigger: Trigger, project: Project) -> Iterator[Approval]:
    """The review before a merge, where the settings say that it is the approval: for pushes to one protected branch."""
    if project.settings.pipeline.approval != "review" or trigger.event != "push":
        return
    if trigger.pattern or not trigger.ref.startswith("push-"):
        return
    mine = protected.demanded(trigger.branch, trigger.ref == "push-default", project)
    asking = [each for each in mine if each.approvals]
    at = Cite(trigger.at, f"starts on a push to {trigger.branch}")
    if asking:
        words = f"{asking[0].words} asks for {asking[0].approvals} reviews before a merge into {trigger.branch}"
        yield Approval(Status.VERIFIED, words, (at, Cite(asking[0].at, words)))
        return
    words = f"whether a merge into {trigger.branch} needs a review is in the repository's settings"
    fix = (
        f"save it (`gh api repos/OWNER/NAME/rules/branches/{trigger.branch} > rules.json`), and keep it "
        f"(`gatekeeper evidence github-rulesets --about {trigger.branch} rules.json`)"
    )
    unread = protected.branches(project).open
    yield Approval(Status.DECLARED, words, (at,), fix, unread[0].reason if unread else "needs-api")


# what is left


def _nothing(job: Job, trigger: Trigger | None) -> Approval:
    """Where nothing approves: what comes nearest."""
    unread = _unread(job)
    if unread:
        return unread
    after = [each for each in later(job) if (each.environment or _approves(each)) and not _elsewhere(each)]
    if after:
        what = f"environment {after[0].environment.raw}" if after[0].environment else f"the approval in {after[0].id}"
        cite = Cite(after[0].environment.at if after[0].environment else after[0].node, "runs after it")
        fix = "name the environment on the deploying job"
        return Approval(Status.MISPLACED, f"nobody approves: {what} comes after the deployment", (cite,), fix)
    first = job.deploy
    late = [f for f in job.own_facts if f.kind == "approval" and first is not None and f.order > first.order]
    if late:
        words = f"nobody approves: {late[0].step.words} comes after the deployment"
        return Approval(Status.MISPLACED, words, (Cite(late[0].place, "runs after it"),), "ask before the deployment")
    if trigger is None or trigger.ref == "dispatch":
        words = "started by hand: one person is enough, unless an environment asks for another"
        fix = "name an environment with required reviewers on the deploying job"
        return Approval(Status.WEAK, words, (), fix, "needs-api")
    guarded = [each for each in (job, *job.ancestors()) if each.environment and environment_for(each, trigger) != ""]
    if guarded and guarded[0].environment:
        name, at = guarded[0].environment.raw, guarded[0].environment.at
        words = f"nobody approves: the only environment before it is {name}"
        fix = "name the production environment"
        return Approval(Status.MISPLACED, words, (Cite(at, "not production's"),), fix)
    fix = "name an environment with required reviewers on the deploying job: environment: production"
    member = _membership(job)
    if member is not None:
        words = "nobody approves: a check of who started it is authorisation, not approval"
        return Approval(Status.ABSENT, words, (Cite(member, "asks who started it"),), fix)
    if job.pipeline.platform == "jenkins":
        fix = "put an `input` with a `submitter` before it"
        return Approval(Status.ABSENT, "nobody approves: no input comes before it", (), fix)
    return Approval(Status.ABSENT, "nobody approves: it names no environment and no approval comes before it", (), fix)


def _elsewhere(job: Job) -> bool:
    return bool(job.environment and job.environment.cls in _ELSEWHERE)


def _approves(job: Job) -> bool:
    return any(fact.kind == "approval" for fact in job.facts)


def _unread(job: Job) -> Approval | None:
    """A part of the way that cannot be read: it may ask somebody."""
    ways = "put a copy into .gatekeeper/vendor/, map it under pipeline.kinds in gatekeeper.yaml, or attest who approves"
    for each in (job.root, job, *job.ancestors()):
        if each.unresolved:
            words = f"{each.unresolved} is in another repository"
            return Approval(Status.UNKNOWN, words, (Cite(each.uses_at, "cannot be read"),), ways)
    for step in (each for guard in (job, *job.ancestors()) for each in guard.steps):
        if step.uses and not step.classified and _MAY_ASK.search(step.slug):
            words = f"what {step.uses} does is not known: it may ask somebody"
            return Approval(Status.UNKNOWN, words, (Cite(step.uses_at, "not known"),), ways)
    for missing in job.root.pipeline.unresolved:
        words = f"{missing.text} cannot be read here: {missing.why}"
        return Approval(Status.UNKNOWN, words, (Cite(missing.at, "cannot be read"),), ways)
    return None


_MAY_ASK = regex(r"approv|sign-?off|manual-(?:gate|step|confirm)|confirmation")
_MEMBERSHIP = regex(r"/teams/[^\s\"']{1,200}/memberships?/|/collaborators/[^\s\"']{1,200}/permission")
_CHECKS = frozenset(
    "tspascoal/get-user-teams-membership actions-cool/check-user-permission "
    "prince-chrismc/check-actor-permissions-action".split()
)


def _membership(job: Job) -> Node | None:
    """A step before the deployment that asks whether somebody belongs to a team."""
    for each in (job, *job.ancestors()):
        for step in each.steps:
            if step.slug in _CHECKS:
                return step.uses_at
            if step.run and _MEMBERSHIP.search(step.run):
                return step.node
    return None


class Shown(NamedTuple):
    """An environment that guards a deployment to production, and what one place says about it."""

    name: str
    at: Node
    declared: protected.Declared


def shown(job: Job, project: Project) -> list[Shown]:
    """The environments that a production deployment waits for, as far as a place here says what protects them.

    What Terraform says about GitHub's is left out: rules about its resource judge that. The server's answer counts
    before a file of settings.
    """
    found: list[Shown] = []
    for gate in guards_of(job):
        ref = gate.environment
        for name in (ref.values or ()) if ref else ():
            if ref is None or classify(name) in _ELSEWHERE:
                continue
            known = protected.about(name, gate.pipeline.platform, project)
            said = next((each for each in known if not _judged_in_terraform(each)), None)
            if said and all(name.lower() != each.name.lower() for each in found):
                found.append(Shown(name, ref.at, said))
    return found


def _judged_in_terraform(declared: protected.Declared) -> bool:
    return declared.by == "terraform" and declared.platform == "github"


class Drift(NamedTuple):
    """A name of an environment that no declared one has. Not `certain` where it may have been made by hand."""

    at: Node
    words: str
    certain: bool
    see: Node
    shown: str
    severity: Literal["high", "medium"] = "medium"


def names_declared(job: Job, project: Project) -> bool:
    """Whether a job names an environment that is known, and environments of its platform are declared."""
    names = job.environment.values if job.environment else None
    return bool(names) and bool(_declared_on(job.pipeline.platform, project))


def drifts(job: Job, project: Project) -> Iterator[Drift]:
    """The environments that a job names and that are declared nowhere, where others are."""
    ref = job.environment
    if ref is None:
        return
    platform = job.pipeline.platform
    declared = _declared_on(platform, project)
    for name in ref.values or ():
        if any(each.means(name) for each in declared) or classify(name) in (Class.PUBLISH, Class.EPHEMERAL):
            continue
        close = next((each for each in declared if _close(each.name, name)), None)
        listed = next((each for each in declared if each.every), None)
        creates = "GitHub makes one without protection" if platform == "github" else "nothing protects it"
        near = f"; {close.name} is" if close else ""
        if listed:
            words = f"environment {name} is not on the server{near}: {creates}"
            yield Drift(ref.at, words, True, (close or listed).at, "what there is", "high")
        elif close:
            words = f"environment {name} is declared nowhere{near}: {creates}"
            yield Drift(ref.at, words, not _unread_names(project), close.at, "what is declared")
        elif classify(name) is Class.PROD:
            words = f"environment {name} is declared nowhere, other environments are; it may have been made by hand"
            yield Drift(ref.at, words, False, declared[0].at, "what is declared")


def _declared_on(platform: str, project: Project) -> list[protected.Declared]:
    return [each for each in protected.environments(project).declared if each.platform == platform]


def _unread_names(project: Project) -> bool:
    """Whether environments are declared whose names are not known."""
    return any(not each.name and each.reason == "unresolved" for each in protected.environments(project).open)


_SAME = {"prd": "production", "prod": "production", "stg": "staging", "stage": "staging", "dev": "development"}


def _close(one: str, other: str) -> bool:
    """Whether two names are one in other words or letters: not where they differ by a number, or by a word."""
    first, second = ([_SAME.get(word, word) for word in _words_of(name)] for name in (one, other))
    if first == second:
        return True
    differing = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    if len(first) != len(second) or len(differing) != 1:
        return False
    left, right = differing[0]
    return left.isalpha() and right.isalpha() and min(len(left), len(right)) > 4 and _one_letter(left, right)


def _words_of(name: str) -> list[str]:
    return [word for word in _WORDS.split(name[:200].lower()) if word]


_WORDS = regex(r"[^a-z0-9]+")


def _one_letter(left: str, right: str) -> bool:
    """Whether one letter more, less, another or changed places makes one of the other."""
    start = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    one, other = left[start:], right[start:]
    if len(one) == len(other):
        return one[1:] == other[1:] or (one[:2] == other[1::-1] and one[2:] == other[2:])
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[1:] == shorter
