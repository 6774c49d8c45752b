from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import deploys
from gatekeeper.links.owners import unowned
from gatekeeper.models.codeowners import OwnerLine
from gatekeeper.models.files import Repository
from gatekeeper.rule import rule


@rule(
    "codeowners-critical",
    gate="documentation",
    severity="low",
    seed="Phase 7 Documentation complete",
    where=lambda repository, project: bool(project.all(OwnerLine)) and deploys(project).deploys,
)
def codeowners_critical(repository: Repository, project: Project) -> Iterator[Finding]:
    """What decides about production has owners.

    Where CODEOWNERS is kept, its holes count: who may change a pipeline, the manifests or CODEOWNERS itself without
    being seen, can change all the rest. Whether their review is required is a setting of the server
    (branch-protected); Terraform has a rule of its own (tf-code-owners).

    Bad, holes: # expect: .github/workflows/deploy.yml
    ```text .github/CODEOWNERS
    /src/ @acme/orders
    /k8s/ @acme/platform
    CODEOWNERS @acme/leads
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps: [{run: kubectl apply -f k8s/}]
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.0.0"}]}}}
    ```

    Bad, whose owners were taken away: # expect: manifests (k8s/app.yaml)
    ```text CODEOWNERS
    *     @acme/orders
    /k8s/
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.0.0"}]}}}
    ```

    Good, a section of GitLab names owners for its lines:
    ```text CODEOWNERS
    [Platform][2] @acme/platform
    *
    k8s/
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.0.0"}]}}}
    ```

    Good:
    ```text .github/CODEOWNERS
    * @acme/orders
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.0.0"}]}}}
    ```
    """
    holes = [f"{words} ({path})" for words, path in unowned(project)]
    if holes:
        yield Finding(repository, f"CODEOWNERS names nobody for {', '.join(holes)}", fix=Fix("add lines for them"))
