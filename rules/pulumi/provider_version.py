from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pulumi import Project
from gatekeeper.rule import Answer, rule


@rule(
    "pulumi-provider-version",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices: Version control for all infrastructure code",
    where=lambda project: bool(project.packages),
)
def provider_version(project: Project) -> Iterator[Answer]:
    """Every provider of a program in YAML has a version.

    Such a program has no lock file: without a version whoever deploys next gets the newest provider, which may read the
    same lines another way or replace what is there. A version stands in `options.version` of the resource or of its
    provider, or in `packages` or `plugins` of Pulumi.yaml.

    Bad:
    ```yaml Pulumi.yaml
    name: orders
    runtime: yaml
    resources:
      queue:
        # expect: no version of aws
        type: aws:sqs:Queue
    ```

    Good:
    ```yaml Pulumi.yaml
    name: orders
    runtime: yaml
    packages: {random: random@4.16.6}
    resources:
      aws:
        type: pulumi:providers:aws
        options: {version: 7.1.0}
      queue:
        type: aws:sqs:Queue
        options: {provider: "${aws}"}
      topic:
        type: aws:sns:Topic
        options: {version: 7.1.0}
      name:
        type: random:RandomPet
    ```
    """
    for package, at in project.unpinned.items():
        words = f"no version of {package} is written: the newest is taken"
        yield Finding(at, words, fix=Fix("write `options: {version: ...}`, at the resource or at its provider"))
