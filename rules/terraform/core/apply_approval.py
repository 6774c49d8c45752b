from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.terraform_runs import applies
from gatekeeper.models.pipeline import Class, Job, before, holds
from gatekeeper.models.pipeline.environments import classify, tokens
from gatekeeper.rule import Answer, Reason, rule


def _applies_somewhere(job: Job, project: Project) -> bool:
    """It applies Terraform, and not to what is certainly no production or is destroyed again; production by name has a
    rule of its own."""
    if applies(job) is None or "ephemeral" in job.kinds or not job.root.pipeline.entry:
        return False
    environment = job.environment
    elsewhere = environment is not None and environment.cls in _ELSEWHERE
    if elsewhere or any(classify(name, place=False) in _ELSEWHERE for name in _names(job)) or _of_a_change(job):
        return False
    return production_of(job, project) is None


_ELSEWHERE = (Class.NONPROD, Class.EPHEMERAL)
_PLACES = ("environment", "environment_name", "workspace", "workspace_name", "stage")


def _of_a_change(job: Job) -> bool:
    """Whether it makes the environment of a pull request, or what is handed to it names another than production."""
    given = [job.root.node["with"][key] for key in _PLACES]
    if any(classify(each.text) in _ELSEWHERE for each in given if each.known and each.present):
        return True
    words = {word for name in _names(job) for word in tokens(name)}
    starts = {trigger.ref for trigger in job.starts if trigger.ref != "dispatch"}
    return starts == {"pr"} and ("pr" in words or {"pull", "request"} <= words)


def _names(job: Job) -> list[str]:
    """What its job, the jobs that call its pipeline and the pipeline itself are called."""
    names = [job.id, job.root.id, job.root.pipeline.name, job.root.pipeline.title]
    environment = job.root.node["with"]["environment"]
    return [*names, environment.text] if environment.known and environment.present else names


@rule(
    "tf-apply-approval",
    gate="production-approval",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=_applies_somewhere,
)
def apply_approval(job: Job, project: Project) -> Iterator[Answer]:
    """Terraform is applied when somebody has approved it.

    An apply by itself on every push changes and destroys what the plan says, and nobody has read that plan. An
    approval step before it counts; whether an environment has reviewers is a setting of the server. Jobs that deploy to
    production by their name or environment are judged by pipeline-production-approval; those of test environments, and
    those that destroy again what they made, are not judged.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: applies Terraform by itself
      apply:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform init
          - run: terraform apply -auto-approve
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform plan -out=plan.bin
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace"}
          - run: terraform apply plan.bin
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, the environment of a pull request:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace"}
          - run: terraform apply -auto-approve
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/workflows/pull-request.yml
    on: pull_request
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - run: terraform apply -auto-approve
    ```

    Unknown, an environment:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        environment: infrastructure
        steps:
          - run: terraform apply -auto-approve
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    """
    if any(fact.kind == "approval" and holds(fact, job) == "yes" for fact in before(job)):
        return
    environment = job.environment
    fact = applies(job)
    assert fact is not None
    if fact.strength != "strong" and "apply" not in f"{fact.step.run} {fact.step.label}".lower():
        yield Unknown(fact.place, f"whether {fact.step.name} applies Terraform hangs on how its script is called")
    elif environment:
        words = f"whether environment {environment.raw} has required reviewers is in the repository's settings"
        yield Unknown(environment.at, words, Reason.NEEDS_API)
    elif all(trigger.ref in ("dispatch", "call") for trigger in job.root.pipeline.triggers):
        yield Unknown(job.root, "started by hand: one person is enough", Reason.NEEDS_API)
    else:
        fix = Fix("name an environment with required reviewers on the job that applies")
        yield Finding(job.root, f"{job.id} applies Terraform by itself: nobody approves", fix=fix)
