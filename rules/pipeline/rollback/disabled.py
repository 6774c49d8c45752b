from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.ran import Ran
from gatekeeper.links.ways_of_tools import deploying_commands
from gatekeeper.models.pipeline import Job, Step
from gatekeeper.rule import rule

_FLAGS = frozenset({"--disable-rollback", "--no-rollback", "--rollback=false", "--atomic=false"})
_ACTIONS = {  # inputs that switch it off, and by what
    "aws-actions/aws-cloudformation-github-deploy": ("disable-rollback", ("1", "true")),
}


def _flag(command: Ran) -> str:
    """The words that switch the rollback of a deployment off; '' for none."""
    words = command.words
    found = next((word for word in words if word in _FLAGS), "")
    if found:
        return found
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if word == "--rollback" and following in ("false", "0"):
            return f"{word} {following}"
        if word == "--update-failure-action" and following in ("pause", "continue"):
            return f"{word} {following}"
        if word == "--auto-rollback-configuration" and "enabled=false" in following:
            return f"{word} {following}"
    return ""


def _switched_off(step: Step) -> str:
    name, values = _ACTIONS.get(step.slug, ("", ()))
    given = step.inputs.get(name, "").lower() if name else ""
    return f"{name}: {given}" if given in values else ""


@rule(
    "pipeline-rollback-disabled",
    gate="deployment-rollback",
    severity="medium",
    seed="3.2 Deployment Strategies; anti-pattern No rollback plan",
    where=lambda job, project: production_of(job, project) is not None and job.deploy is not None,
)
def rollback_disabled(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """A production deployment does not switch off the rollback of its tool.

    CloudFormation (and SAM and CDK on it) puts a stack back when an update fails; with `--disable-rollback` or
    `--no-rollback` it stays half done, which helps while one looks for the cause in a test account and leaves
    production broken. The same is said by `--update-failure-action pause` of Docker Swarm.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: --no-rollback
          - run: npx cdk deploy --all --no-rollback
    ```

    Bad, an action:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: disable-rollback: 1
          - uses: aws-actions/aws-cloudformation-github-deploy@v1
            with: {name: shop, template: stack.yaml, disable-rollback: "1"}
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: sam deploy --no-confirm-changeset
      develop:
        runs-on: ubuntu-latest
        environment: dev
        steps:
          - run: sam deploy --disable-rollback
    ```

    Unknown, held to be production by the branch alone:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: sam deploy --disable-rollback
    ```
    """
    production = production_of(job, project)
    found = [(each.place, flag) for each in deploying_commands(job, project) if (flag := _flag(each))]
    found += [(step.uses_at, words) for step in job.steps if (words := _switched_off(step))]
    for place, words in found:
        if production and production.certain:
            fix = Fix("leave it out for production")
            yield Finding(place, f"{words}: a deployment that fails stays half done", (), fix)
        else:
            why = production.why if production else ""
            yield Unknown(place, f"{words} keeps the rollback off; held to be production because {why}")
