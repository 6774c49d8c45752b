from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.pipeline import Job, Step
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_VARIABLES = {
    "AWS_SECRET_ACCESS_KEY": "AWS",
    "GOOGLE_CREDENTIALS": "Google Cloud",
    "GCP_SERVICE_ACCOUNT_KEY": "Google Cloud",
    "ARM_CLIENT_SECRET": "Azure",
    "AZURE_CLIENT_SECRET": "Azure",
    "AZURE_CREDENTIALS": "Azure",
}
_INPUTS = {
    "aws-actions/configure-aws-credentials": ("aws-secret-access-key", "AWS"),
    "google-github-actions/auth": ("credentials_json", "Google Cloud"),
    "google-github-actions/setup-gcloud": ("service_account_key", "Google Cloud"),
    "azure/login": ("creds", "Azure"),
}
_TEMPORARY = ("AWS_SESSION_TOKEN", "aws-session-token")
_KEPT = regex(r"\$\{\{[^}]{0,100}\b(?:secrets|vars)\b|^credentials\(|^\$[A-Z_]+$")


def _given(step: Step) -> dict[str, Node]:
    """The inputs and variables of a step, as written."""
    return {**dict(step.env_nodes), **dict(pairs(step.node["with"]))}


def _keys(job: Job) -> Iterator[tuple[Node, str, str]]:
    """Each key of a cloud that the job is handed: where, its name, and whose it is."""
    outer = {**job.pipeline.env, **job.env}
    if not any(name in _TEMPORARY for name in outer):
        for name, node in outer.items():
            if name in _VARIABLES and (name in job.env or _deploys(job)):
                yield node, name, _VARIABLES[name]
    for step in job.steps:
        if step.slug not in _INPUTS and _VARIABLES.keys().isdisjoint(step.env_nodes):
            continue
        given = _given(step)
        if any(name in given for name in _TEMPORARY):
            continue
        yield from ((node, name, _VARIABLES[name]) for name, node in step.env_nodes.items() if name in _VARIABLES)
        name, cloud = _INPUTS.get(step.slug, ("", ""))
        if name in given:
            yield given[name], name, cloud


def _deploys(job: Job) -> bool:
    return job.deploy is not None


def _speaks_to_a_cloud(job: Job) -> bool:
    if job.pipeline.caller is not None or not job.steps:
        return False
    return any(True for _ in _keys(job)) or any(step.slug in _INPUTS for step in job.steps)


@rule(
    "pipeline-static-cloud-keys",
    gate="workflow-security",
    severity="medium",
    seed="6.2 Secrets Management",
    where=_speaks_to_a_cloud,
)
def static_cloud_keys(job: Job) -> Iterator[Finding]:
    """A pipeline signs in to a cloud with a token of its own run, not with a key that is kept.

    A key that is kept as a secret works from anywhere, for whoever has read it once, until somebody changes it. AWS,
    Azure and Google Cloud trust the token that GitHub or GitLab makes for one job (OIDC): it names the repository, the
    branch and the environment, and ends with the job.

    Held against a job are the secret half of a key in the variables that a cloud's programs read, and in the inputs of
    its sign-in action. What an earlier step was given for a short while (a session token, an output) is none.

    Bad:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: aws-actions/configure-aws-credentials@v4
            with:
              aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}
              # expect: aws-secret-access-key is a key of AWS
              aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}
          - run: terraform apply
            env:
              # expect: ARM_CLIENT_SECRET is a key of Azure
              ARM_CLIENT_SECRET: ${{ secrets.ARM_CLIENT_SECRET }}
          - uses: google-github-actions/auth@v2
            with:
              # expect: credentials_json
              credentials_json: ${{ secrets.GCP_KEY }}
    ```

    Good:
    ```yaml
    on: push
    permissions: {id-token: write, contents: read}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - id: aws
            uses: aws-actions/configure-aws-credentials@v4
            with: {role-to-assume: "arn:aws:iam::1:role/deploy", aws-region: eu-west-1}
          - run: ./deploy
            env:
              AWS_SECRET_ACCESS_KEY: ${{ steps.aws.outputs.aws-secret-access-key }}
          - run: ./test
            env: {AWS_SECRET_ACCESS_KEY: test}
          - run: ./other
            env:
              AWS_SECRET_ACCESS_KEY: ${{ secrets.KEY }}
              AWS_SESSION_TOKEN: ${{ steps.aws.outputs.aws-session-token }}
    ```
    """
    for node, name, cloud in _keys(job):
        if _KEPT.search(text_of(node).strip()):
            fix = Fix(f"let {cloud} trust the token of the run (OIDC), for a role of this repository and environment")
            yield Finding(node, f"{name} is a key of {cloud} that is kept for good", (), fix)
