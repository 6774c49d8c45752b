from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import entries
from gatekeeper.links.applied import Applied, applied, destroyed
from gatekeeper.links.terraform_runs import on_pull_requests, planner, runs
from gatekeeper.models.pipeline import Class, Job
from gatekeeper.models.pipeline.environments import classify
from gatekeeper.rule import Answer, Reason, rule


def _applies(job: Job, project: Project) -> bool:
    """It applies Terraform, and not to what is certainly no production or is destroyed again."""
    if "ephemeral" in job.kinds or not job.root.pipeline.entry:
        return False
    if not applied(job, project) or destroyed(job, project):
        return False
    environment = job.environment
    if environment is not None:
        return environment.cls not in (Class.NONPROD, Class.EPHEMERAL)
    names = (job.id, job.root.id, job.root.pipeline.name, job.root.pipeline.title)
    return not any(classify(name, place=False) in (Class.NONPROD, Class.EPHEMERAL) for name in names)


@rule(
    "pipeline-apply-without-plan",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices: Code review for infrastructure changes",
    where=_applies,
)
def apply_without_plan(job: Job, project: Project) -> Iterator[Answer]:
    """Terraform applies the plan that somebody has read.

    `terraform apply -auto-approve` plans anew at that moment and does what comes out, which may be more than the
    reviewer saw: something was changed by hand since, a provider has a new default, another change was merged. What
    counts is a plan that an earlier job or step saved (`-out`), with an approval or an environment between that and the
    apply; and an action that compares with the plan of the pull request (dflook/terraform-apply without
    `auto_approve`). Where pull requests show a plan, the fault is a light one: somebody read a plan, if not this one.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform init
          # expect: nobody has read
          - run: terraform apply -auto-approve
    ```

    Bad, read by nobody in between:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform plan -out=tfplan
          # expect: nothing waits between
          - run: terraform apply tfplan
    ```

    Bad, the plan of a pull request is another:
    ```yaml
    on:
      push: {branches: [main]}
      pull_request:
    jobs:
      plan:
        if: github.event_name == 'pull_request'
        runs-on: ubuntu-latest
        steps:
          - run: terraform plan
      apply:
        if: github.event_name == 'push'
        runs-on: ubuntu-latest
        steps:
          # expect: may be another than that of the pull request
          - run: terraform apply -auto-approve
    ```

    Good, an environment in between:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      plan:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform plan -out=tfplan
          - uses: actions/upload-artifact@v4
            with: {name: plan, path: tfplan}
      apply:
        needs: plan
        environment: production
        runs-on: ubuntu-latest
        steps:
          - uses: actions/download-artifact@v4
          - run: terraform apply tfplan
    ```

    Good, a job of GitLab that waits for a person:
    ```yaml .gitlab-ci.yml
    stages: [plan, apply]
    plan:
      stage: plan
      script: terraform plan -out=plan.cache
      artifacts: {paths: [plan.cache]}
    apply:
      stage: apply
      environment: production
      when: manual
      script: terraform apply -input=false plan.cache
    ```

    Good, an approval in the same job:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - run: terraform plan -out=tfplan
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace"}
          - run: terraform apply tfplan
    ```

    Good, compared with that of the pull request:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - uses: dflook/terraform-apply@v2
            with: {path: infra}
    ```

    Good, made for a test and destroyed again, beside one that waits:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      try:
        runs-on: ubuntu-latest
        steps:
          - run: terraform apply -auto-approve
          - run: terraform destroy -auto-approve
            if: always()
      plan:
        runs-on: ubuntu-latest
        steps:
          - run: terraform plan -out=tfplan
      apply:
        needs: [try, plan]
        environment: production
        runs-on: ubuntu-latest
        steps:
          - run: terraform apply tfplan
    ```

    Unknown:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - run: terraform apply $ARGUMENTS
    ```

    Unknown, a target of make does it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        steps:
          - run: make apply
    ```
    ```make Makefile
    apply: ; terraform apply -auto-approve
    ```
    """
    fix = Fix("save the plan with -out, and apply that file in a job that waits for an approval")
    for each in applied(job, project):
        words = _fault(job, each)
        if not words:
            continue
        if each.how == "unknown":
            yield Unknown(each.fact.place, words)
        elif each.fact.strength != "strong":
            yield Unknown(each.fact.place, f"{words}, in what {each.fact.step.words} runs: whether it does here")
        elif planner(project):
            yield Unknown(each.fact.place, f"{words}; {planner(project)} plans here too", Reason.NEEDS_API)
        elif _shown(project):
            words = f"{words}, which may be another than that of the pull request"
            yield Finding(each.fact.place, words, (), fix, "low")
        else:
            see = (Note(each.plan.place, "makes the plan"),) if each.plan else ()
            yield Finding(each.fact.place, f"{words}: nobody has read that", see, fix)
        return


def _shown(project: Project) -> bool:
    """Whether pull requests show a plan, by a step that is known to make one or speaks of it."""
    if any(on_pull_requests(fact) for fact in runs(project, "plan")):
        return True
    asked = [each for each in entries(project) if any(trigger.ref.startswith("pr") for trigger in each.triggers)]
    steps = [step for pipeline in asked for job in pipeline.all_jobs for step in job.steps]
    return any("plan" in f"{step.slug} {step.label}".lower() for step in steps)


def _fault(job: Job, each: Applied) -> str:
    return {
        "anew": f"{job.id} applies what Terraform plans at that moment",
        "at once": f"nothing waits between: {job.id} applies the plan that it has just made",
        "unknown": f"which plan {job.id} applies could not be told",
    }.get(each.how, "")
