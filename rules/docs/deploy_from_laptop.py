from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.by_hand import from_laptop
from gatekeeper.models.docs import Document, Runbook
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.node import regex
from gatekeeper.rule import rule

_OF_DEPLOYING = frozenset("deploy deploying deployment deployments release releasing rollout".split())
_MAY = regex(
    r"\b(?:kubectl|oc|helm|helmfile|terraform|tofu|terragrunt)\b[^\n]{0,200}\b(?:apply|upgrade|install|sync|set)\b"
)


def _meant(document: Document, project: Project | None = None) -> bool:
    """A document on deploying, with a command that deploys something somewhere."""
    if document.kind in ("adr", "changelog") or not _MAY.search(document.source.text):
        return False
    if isinstance(document, Runbook):
        return document.deploys
    return bool(_OF_DEPLOYING & {*tokens(document.stem), *tokens(document.title)})


@rule(
    "docs-deploy-from-laptop",
    gate="pipeline-automation",
    severity="medium",
    seed="Anti-Patterns to Avoid: Manual deployments",
    where=_meant,
)
def deploy_from_laptop(document: Document) -> Iterator[Finding]:
    """Documents on deploying do not tell people to deploy to production by hand.

    A command from a laptop deploys what lies on that laptop: not tested, not approved, with rights that somebody has
    all day. Judged are code blocks of runbooks and documents on deploying, where the command itself, or one before it
    in the block, names production (a namespace, context, workspace, folder or file). What is done once (bootstrap), in
    an emergency or to go back may be typed, under a heading that says so. A README that shows its users how a chart is
    installed is not meant.

    Bad:
    ````markdown docs/runbooks/deploy.md
    # Deploying
    ## Production
    ```bash
    kubectl config use-context production
    # expect: kubectl apply -f k8s/
    kubectl apply -f k8s/
    # expect: helm upgrade shop
    helm upgrade shop ./chart -n prod
    ```
    ````

    Bad, Terraform:
    ````markdown docs/deployment.md
    # Deployment
    ```bash
    cd infrastructure/environments/prod
    # expect: terraform apply
    terraform apply
    ```
    ````

    Good:
    ````markdown docs/runbooks/deploy.md
    # Deploying
    Merge, then approve the run.
    ## Staging
    ```bash
    kubectl apply -f k8s/ -n staging
    ```
    ## Emergency, when the pipeline is down
    ```bash
    kubectl apply -f k8s/ -n production
    ```
    ## Rollback
    ```bash
    helm upgrade shop ./chart -n prod --version 1.2.2
    ```
    ````
    ````markdown README.md
    # Chart
    ```bash
    helm install shop oci://registry.example.com/charts/shop -n production
    ```
    ````
    """
    for found in from_laptop(document):
        fix = Fix("say how to start the pipeline; keep the command under a heading on emergencies")
        yield Finding(found.at, f"deploys to production from wherever it is typed: {found.text}", (), fix)
