from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.judged import documents
from gatekeeper.links.technologies import technologies
from gatekeeper.models.docs import Document
from gatekeeper.models.files import Repository
from gatekeeper.rule import Fix, Note, rule

_SHOWN = 4  # technologies that the message names


def _explains(document: Document) -> bool:
    return document.kind == "adr" or (document.kind == "architecture" and document.central)


@rule(
    "docs-technology-without-adr",
    gate="documentation",
    severity="low",
    seed="1.3 Technology Selection; 1.2 Document architecture decisions (ADR)",
    where=lambda repository, project: any(_explains(each) for each in documents(project)),
)
def technology_without_adr(repository: Repository, project: Project) -> Iterator[Finding]:
    """Decision records or the architecture name every technology that is used.

    What was chosen, and why, is asked when it is to be replaced. Asked where there are decision records or a document
    of the architecture at all; one of them must name each technology that the files show, by any of its usual names
    (EKS is Kubernetes). A client library alone is no choice of a platform, and is not asked for. Which technologies
    are recognised, and by what, stands in docs/technologies.md. Advice: not every tool is worth a record.

    Bad: # expect: 2 of 3 technologies: AWS (infra/main.tf:1), Terraform (infra/main.tf:1)
    ```hcl infra/main.tf
    resource "aws_sns_topic" "a" {}
    ```
    ```dockerfile Dockerfile
    FROM debian:12
    ```
    ```markdown docs/adr/0001-containers.md
    # Ship containers
    We build them with Docker.
    ```

    Good:
    ```hcl infra/main.tf
    resource "aws_sns_topic" "a" {}
    ```
    ```markdown docs/adr/0001-cloud.md
    # Run on Amazon Web Services
    It is declared in Terraform.
    ```

    Good, a package alone is no choice:
    ```json package.json
    {"dependencies": {"dd-trace": "^5.0.0"}}
    ```
    ```markdown docs/architecture.md
    # Architecture
    A monolith.
    ```
    """
    texts = [each.source.text for each in documents(project) if _explains(each)]
    certain = [each for each in technologies(project) if not each.maybe]
    unnamed = [each for each in certain if not any(each.known.named.search(text) for text in texts)]
    if unnamed:
        signs = [(each.name, each.shown_by.at) for each in unnamed]
        shown = ", ".join(f"{name} ({at.source.path}:{at.span.line})" for name, at in signs[:_SHOWN])
        more = f" and {len(signs) - _SHOWN} more" if len(signs) > _SHOWN else ""
        words = f"no decision record or architecture names {len(unnamed)} of {len(certain)} technologies: {shown}{more}"
        see = tuple(Note(at, f"{name} is used here") for name, at in signs)
        yield Finding(repository, words, see, Fix("write a decision record, or name them in the architecture"))
