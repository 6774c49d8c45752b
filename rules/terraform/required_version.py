from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Project, Unknown
from gatekeeper.discover import Unreadable
from gatekeeper.models.terraform import Directory, TerraformSettings
from gatekeeper.node import Span, regex
from gatekeeper.rule import Answer, Place, Reason, rule

_VERSION = regex(r"\s*v?(\d{1,4})\.(\d{1,4})\.\d{1,4}\s*\Z")
_TOOL = regex(r"^[ \t]*(?:terraform|opentofu)[ \t]+(\S{1,40})", re.MULTILINE)


@rule(
    "tf-required-version",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_required_version"],
    where=lambda directory: bool(directory.module.blocks or directory.module.broken) and not directory.module.fragment,
    fixable=True,
)
def required_version(directory: Directory, project: Project | None = None) -> Iterator[Answer]:
    """Every module says which versions of Terraform it is written for.

    A newer version rewrites the state in a form that older ones cannot read, and an older one fails in the middle of a
    plan with an error about syntax. `required_version` makes both stop before they begin. Where `.terraform-version` or
    `.tool-versions` names the version in use, the fix writes it.

    Bad:
    ```hcl
    # expect: no required_version
    resource "aws_sqs_queue" "orders" {}
    ```

    Bad, one directory of two:
    ```hcl modules/queue/main.tf
    # expect: no required_version
    terraform {
    }
    ```
    ```hcl main.tf
    terraform {
      required_version = "~> 1.9"
    }
    ```

    Bad, the version is known:
    ```hcl main.tf
    # expect: no required_version
    terraform {
      backend "s3" {}
    }
    ```
    ```text .terraform-version
    1.9.8
    ```

    Bad, it stands in the list of tools, and there is no terraform block:
    ```hcl live/main.tf
    # expect: no required_version
    resource "aws_sqs_queue" "orders" {}
    ```
    ```text .tool-versions
    nodejs 22.1.0
    terraform 1.9.8
    ```

    Good, in any file of the directory:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```hcl versions.tf
    terraform {
      required_version = ">= 1.6, < 2.0"
    }
    ```
    """
    module = directory.module
    if any(settings.node["required_version"].present for settings in module.of(TerraformSettings)):
        return
    if module.broken:
        yield Unknown(directory, f"a file of {directory.name} cannot be read in full", Reason.UNREADABLE)
        return
    version = _in_use(directory, project) if project else ""
    wanted = f'required_version = "~> {version or "1.9"}"'
    words = f"add {wanted}" if version else f"add terraform {{ {wanted} }} with the version in use"
    fix = Fix(words, _added(directory, wanted) if version else (), safe=False)
    yield Finding(directory, f"{directory.name} has no required_version", fix=fix)


def _in_use(directory: Directory, project: Project) -> str:
    """The version that a file of a version manager names, in the directory or above it: `1.9`; '' when none does."""
    steps = directory.directory.split("/") if directory.directory else []
    for depth in range(len(steps), -1, -1):
        folder = "/".join([*steps[:depth], ""]) if depth else ""
        tool = _TOOL.search(_text(f"{folder}.tool-versions", project))
        for said in (_text(f"{folder}.terraform-version", project), tool[1] if tool else ""):
            found = _VERSION.match(said)
            if found:
                return f"{found[1]}.{found[2]}"
    return ""


def _text(path: str, project: Project) -> str:
    try:
        return project.tree.source(path).text[:10_000] if path in project.tree else ""
    except Unreadable:
        return ""


def _added(directory: Directory, line: str) -> tuple[Edit, ...]:
    """The line in the directory's terraform block; without one, a block above what is declared first."""
    settings = next(iter(directory.module.of(TerraformSettings)), None)
    first = settings or next(iter(directory.module.blocks), None)
    if first is None or first.path.endswith(".json") or first.path in directory.module.configuration.links:
        return ()
    syntax, source = first.syntax, first.syntax.home.source
    if settings is None:
        start = Span(syntax.header.line, syntax.header.column, syntax.header.line, syntax.header.column)
        return (Edit(Place(source, start), f"terraform {{\n  {line}\n}}\n\n"),)
    brace = source.text.find("{", syntax.header_end)
    if not 0 <= brace < syntax.end or source.text[brace + 1 : brace + 2] != "\n":
        return ()
    return (Edit(Place(source, source.span(brace + 1, brace + 1)), f"\n  {line}"),)
