from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.rollback import on_failure, rolls_out, ways_back
from gatekeeper.links.verified import checks_after
from gatekeeper.models.pipeline import Fact, Job, Step, play, step_runs
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.rule import rule


def _meant(job: Job, project: Project) -> bool:
    return rolls_out(job, project) and checks_after(job, project).any


@rule(
    "pipeline-smoke-not-acted-on",
    gate="deployment-rollback",
    severity="low",
    seed="3.1 Pipeline Stages; anti-pattern No rollback plan",
    where=_meant,
)
def not_acted_on(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """When the check of a production deployment fails, something happens.

    A red job tells whoever looks at it. What counts: the deployment goes back by itself, a step or job that runs only
    on failure (a rollback, a message, a ticket), and that the check can fail at all: behind `|| true` or
    `continue-on-error` it says nothing.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          # expect: nothing happens
          - run: curl --fail https://shop.example.com/health
    ```

    Bad, nobody hears it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          # expect: goes unheard
          - run: curl --fail https://shop.example.com/health || true
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - run: curl --fail https://shop.example.com/health
          - if: failure()
            uses: slackapi/slack-github-action@v2
            with: {payload: "deployment failed"}
      other:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart --atomic
    ```

    Good, a message in any case:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - run: curl --fail https://shop.example.com/health
          - if: always()
            uses: 8398a7/action-slack@v3
            with: {status: "${{ job.status }}"}
    ```

    Good, a job:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - run: kubectl rollout status deployment/shop
      alert:
        needs: deploy
        if: failure()
        runs-on: ubuntu-latest
        steps:
          - run: ./page.sh
    ```

    Unknown:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - run: curl --fail https://shop.example.com/health
          - uses: acme/report@v1
            if: always()
    ```
    """
    checks = checks_after(job, project)
    facts = (*checks.asked, *checks.waited)
    unheard = [fact for fact in facts if fact.blocking == "no"]
    if len(unheard) == len(facts):
        words = f"the failure of this check goes unheard: {unheard[0].reason}"
        yield _graded(unheard[0], words, job, project)
        return
    if on_failure(job, project) or any(way.by == "itself" for way in ways_back(job, project)):
        return
    checking = [fact.step.job for fact in facts]
    steps, jobs = _only_on_failure(job, checking)
    if steps or jobs or _told(job, checking):
        return
    every = {id(each): each for each in (job, *(fact.step.job for fact in facts))}.values()
    always = next((step for each in every for step in each.steps if _may_say(step)), None)
    if always:
        yield Unknown(always, f"whether {always.words} tells anybody that the check failed is not known")
    else:
        words = "nothing happens when this check fails: nothing goes back, nobody is told"
        yield _graded(facts[0], words, job, project)


def _graded(fact: Fact, words: str, job: Job, project: Project) -> Finding | Unknown:
    production = production_of(job, project)
    if production and production.certain:
        return Finding(fact.place, words, (), Fix("a step behind it that runs on failure: go back, or tell somebody"))
    return Unknown(fact.place, f"{words}; held to be production because {production.why if production else ''}")


def _only_on_failure(job: Job, checking: list[Job]) -> tuple[list[Step], list[Job]]:
    """The steps and jobs that run when a check failed and not when it passed."""
    triggers = deploying(job)
    root = job.root.pipeline
    steps = [
        step
        for each in {id(one): one for one in (job, *checking)}.values()
        for step in each.steps
        if any(step_runs(step, t, failed=True) is not False and step_runs(step, t) is False for t in triggers)
    ]
    jobs = [
        each
        for each in root.all_jobs
        for trigger in triggers
        for failed in (job, *checking)
        if play(root, trigger, {id(failed): "failure"}).of(each) is not False and play(root, trigger).of(each) is False
    ]
    return steps, jobs


def _told(job: Job, checking: list[Job]) -> bool:
    """Whether a message is sent after a failure too: how the run ended is what such messages say."""
    triggers = deploying(job)
    root = job.root.pipeline
    own = {id(each): each for each in (job, *checking)}.values()
    told = [fact for each in own for fact in each.facts if fact.kind == "notify"]
    if any(step_runs(fact.step, trigger, failed=True) is not False for fact in told for trigger in triggers):
        return True
    return any(
        play(root, trigger, {id(failed): "failure"}).of(each) is not False
        for each in root.all_jobs
        if "notify" in each.kinds and each not in own
        for trigger in triggers
        for failed in own
    )


def _may_say(step: Step) -> bool:
    """Whether a step runs whatever happened, and may say so: `if: always()` on a message or on what nobody knows."""
    runs = any(step_runs(step, trigger, failed=True) is not False for trigger in step.job.root.pipeline.triggers)
    return runs and step.cond.present
