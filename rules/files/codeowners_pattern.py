from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.owners import means_something
from gatekeeper.models.codeowners import OwnerLine
from gatekeeper.rule import Answer, rule


@rule(
    "codeowners-pattern",
    gate="documentation",
    severity="low",
    seed="Phase 7 Documentation complete",
    where=lambda line: not line.pattern.startswith("!") and "[" not in line.pattern,
)
def codeowners_pattern(line: OwnerLine, project: Project) -> Iterator[Answer]:
    """Every line of CODEOWNERS means something that is here.

    A folder was renamed, and its owners are no longer asked: nothing says so. A pattern without a slash means names at
    any depth, one with a slash counts from the root, one that ends with a slash means folders.

    Bad:
    ```text .github/CODEOWNERS
    * @acme/orders
    # expect: /terraform/ means nothing here
    /terraform/ @acme/platform
    # expect: *.proto means nothing here
    *.proto @acme/api
    # expect: /infra/main.tf/ means nothing here
    /infra/main.tf/ @acme/platform
    ```
    ```hcl infra/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```

    Good:
    ```text .github/CODEOWNERS
    * @acme/orders
    /infra/ @acme/platform
    *.tf @acme/platform
    main.tf @acme/platform
    infra/**/*.tf @acme/platform
    /infra/* @acme/platform
    CODEOWNERS @acme/leads
    ```
    ```hcl infra/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    """
    means = means_something(line, project)
    if means is None:
        yield Unknown(line, "there are too many patterns and files to look for one")
    elif not means:
        yield Finding(line, f"{line.pattern[:80]} means nothing here")
