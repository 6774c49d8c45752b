from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import deploys
from gatekeeper.models.codeowners import PLACES, OwnerLine
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, absent, rule


@rule(
    "codeowners-present",
    gate="documentation",
    severity="low",
    seed="Phase 7 Documentation complete",
    where=lambda repository, project: deploys(project).deploys,
)
def codeowners_present(repository: Repository, project: Project) -> Iterator[Answer]:
    """The repository says who answers for its parts.

    CODEOWNERS names whom to ask, and asks them for a review of what they answer for. It is read in `.github`, at the
    root, in `docs` or `.gitlab`. Teams that share everything may do without: it is advice, a fault only where `owns` in
    gatekeeper.yaml names docs. An empty file names nobody, nor does a comment.

    Bad, it belongs here: # expect: no CODEOWNERS
    ```yaml gatekeeper.yaml
    owns: [docs]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```

    Bad, nobody in it: # expect: names nobody
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```text .github/CODEOWNERS
    # to be filled in: * @acme/orders
    *
    /src/ platform-team
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```text CODEOWNERS
    * @acme/orders
    ```

    Unknown:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    """
    place = next((place for place in PLACES if place in project.tree), "")
    if not place:
        yield absent(project, "docs", "no CODEOWNERS here")
    elif not any(line.owners and line.owners != tuple(line.not_owners) for line in project.all(OwnerLine)):
        yield Finding(repository, f"{place} names nobody", fix=Fix("a line `* @owner`"))
