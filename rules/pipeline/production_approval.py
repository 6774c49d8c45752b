from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.models.evidence.facts import Protection
from gatekeeper.models.pipeline import Class, Job, before, holds, play
from gatekeeper.proof import Held, elsewhere, proofs
from gatekeeper.rule import Answer, Reason, rule


def _waits_for(job: Job, gate: Job) -> bool:
    """Whether a job does not run when one before it fails (or is not approved)."""
    pipeline = job.root.pipeline
    return all(
        play(pipeline, trigger, {id(gate): "failure"}).of(job) is False
        for trigger in pipeline.triggers
        if trigger.ref != "call"
    )


def _environments(job: Job) -> list[Job]:
    """The job and those before it that name an environment, nearest first."""
    caller = job.pipeline.caller
    own = [each for each in (job, caller) if each and each.environment]
    return [*own, *(each for each in job.ancestors() if each.environment)]


@rule(
    "pipeline-production-approval",
    gate="production-approval",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda job, project: production_of(job, project) is not None,
)
def production_approval(job: Job, project: Project) -> Iterator[Answer]:
    """Somebody approves before production is deployed.

    Approval is a second person's yes before the deployment runs. It counts when the deployment cannot run without it:
    an approval action before the deployment, in the same job or in one that it needs, with an `if:` that does not let a
    refusal through.

    `environment: production` says where, not that somebody approves: its reviewers are settings of the repository, and
    an environment without reviewers asks nobody. So it is UNKNOWN until evidence shows them; and so is a workflow that
    starts only by hand, where one person is enough. An environment that comes after the deployment, or one that is not
    production, protects nothing. A snapshot of the server's settings (`gh api repos/OWNER/REPO/environments`, or
    GitLab's protected environments), kept as evidence, settles it.

    Bad, nothing:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: nobody approves
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, after it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: after the deployment
      deploy-prod:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
      mark:
        needs: deploy-prod
        environment: production
        runs-on: ubuntu-latest
        steps:
          - run: echo deployed
    ```

    Bad, only staging:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      staging:
        environment: staging
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -n staging -f k8s/
      # expect: only environment before it is staging
      production:
        needs: staging
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -n production -f k8s/
    ```

    Bad, goes on without it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      approve:
        runs-on: ubuntu-latest
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace"}
      # expect: runs although job approve failed
      deploy-production:
        needs: approve
        if: ${{ !cancelled() }}
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace", minimum-approvals: 1}
          - run: kubectl apply -f k8s/
    ```

    Good, in a job that it needs:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      approve:
        runs-on: ubuntu-latest
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace"}
      deploy-production:
        needs: approve
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown, declared:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown, a gate before it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      gate:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: echo go
      deploy-production:
        needs: gate
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown, by hand:
    ```yaml
    on: workflow_dispatch
    jobs:
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```
    """
    production = production_of(job, project)
    approvals = [(fact, holds(fact, job)) for fact in before(job) if fact.kind == "approval"]
    if any(word == "yes" for _, word in approvals):
        return
    answer = _judged(job, [fact.step.job for fact, word in approvals if word == "no"])
    if isinstance(answer, Unknown) and answer.reason is Reason.NEEDS_API:
        yield from _by_server(job, project) or [answer]
        return
    if isinstance(answer, Finding) and production and not production.certain:
        yield Unknown(job.root, f"{answer.message}; held to be production because {production.why}")
    else:
        yield answer


def _guards(job: Job) -> list[Job]:
    """The job and those it waits for whose environment may be production's; not staging, a preview or a registry."""
    return [each for each in _named_production(job) if each in (job, job.pipeline.caller) or _waits_for(job, each)]


def _named_production(job: Job) -> list[Job]:
    elsewhere = (Class.NONPROD, Class.EPHEMERAL, Class.PUBLISH)
    return [each for each in _environments(job) if each.environment and each.environment.cls not in elsewhere]


def _by_server(job: Job, project: Project) -> list[Answer]:
    """What snapshots of the server's settings say about the environments that guard the job; nothing without any.

    One of them with reviewers is enough: the job does not run before they agree.
    """
    age = project.settings.thresholds.api_max_age
    formats = ["github_environments", "gitlab_environments"]
    found = project.once(
        "protections", lambda project: proofs(Protection, project, formats, max_age=age, any_commit=True)
    )
    guards = {each.environment.raw.lower(): each for each in _guards(job) if each.environment}
    mine = [held for held in found.held if held.facts.environment.lower() in guards]
    if not mine:
        return [*found.open]
    wrong = [answer for held in mine for answer in elsewhere(held.evidence, held.facts.repository, project)]
    if wrong:
        return [*wrong]
    approved = [held for held in mine if min(held.facts.reviewers, held.facts.approvals) > 0]
    if approved:
        return [*_reviewed(approved[0], guards[approved[0].facts.environment.lower()])]
    if len({held.facts.environment.lower() for held in mine}) < len(guards):
        return []
    at = guards[mine[0].facts.environment.lower()].environment
    words = f"nobody approves: environment {mine[0].facts.environment} has no required reviewer"
    note = Note(mine[0].at, "what the server says")
    return [Finding(at.at if at else job.root, words, (note,), Fix("give it required reviewers"))]


def _reviewed(held: Held[Protection], guard: Job) -> Iterator[Answer]:
    protection = held.facts
    name = f"environment {protection.environment}"
    yield held.measure(f"{name}: {protection.approvals} of {protection.reviewers} reviewers must approve", 1)
    if protection.prevents_self_review is False:
        words = f"{name}: whoever started the deployment may approve it"
        at = guard.environment.at if guard.environment else guard
        yield Finding(at, words, (Note(held.at, "what the server says"),), Fix("prevent self-review"), "low")


def _judged(job: Job, passed_by: list[Job]) -> Finding | Unknown:
    if passed_by:
        words = f"runs although job {passed_by[0].id} failed: the approval is passed by"
        return Finding(
            job.root, words, (Note(passed_by[0], "the approval"),), Fix("let the if: fail with the approval")
        )
    named, gates = _environments(job), _named_production(job)
    guard = next(iter(_guards(job)), None)
    if guard and guard.environment:
        name = guard.environment.raw
        words = f"environment {name} names nobody: whether it has required reviewers is in the repository's settings"
        return Unknown(guard.environment.at, words, Reason.NEEDS_API)
    if gates:
        words = f"runs although job {gates[0].id}, which has the environment, did not succeed"
        return Finding(job.root, words, (Note(gates[0], "the environment"),), Fix("let the if: fail with that job"))
    if job.root.unresolved:
        return Unknown(job.root, f"{job.root.unresolved} is in another repository")
    after = [each for each in job.root.pipeline.all_jobs if each.environment and job in each.ancestors()]
    if after:
        name = after[0].environment.raw if after[0].environment else ""
        words = f"nobody approves: environment {name} comes after the deployment"
        return Finding(
            job.root, words, (Note(after[0], "runs after it"),), Fix("name the environment on the deploying job")
        )
    if all(trigger.ref in ("dispatch", "call") for trigger in job.root.pipeline.triggers):
        return Unknown(
            job.root, "started by hand: one person is enough, unless an environment asks for another", Reason.NEEDS_API
        )
    if named:
        name = named[0].environment.raw if named[0].environment else ""
        return Finding(
            job.root,
            f"nobody approves: the only environment before it is {name}",
            (),
            Fix("name the production environment"),
        )
    fix = Fix("name an environment with required reviewers on the deploying job: environment: production")
    return Finding(job.root, "nobody approves: it names no environment and no approval comes before it", (), fix)
