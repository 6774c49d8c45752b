from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import OpenSlo
from gatekeeper.node import regex
from gatekeeper.rule import rule

_VERSIONS = ("v1", "v1alpha", "v1beta1", "v2alpha", "v2alpha1")
_KINDS = frozenset(
    "DataSource SLO SLI AlertPolicy AlertCondition AlertNotificationTarget Service SLOTemplate UserJourney".split()
)
_NAME = regex(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\Z")


@rule("slo-openslo-complete", gate="slo", severity="medium", seed="5.4 SLO Targets")
def complete(each: OpenSlo) -> Iterator[Finding]:
    """An object of OpenSLO has a version, a kind and a name.

    A tool that reads objectives passes over what it does not know, so an object with a wrong kind or without a name is
    no objective, and nobody is told. Asked are `apiVersion` (openslo/v1 and the versions before it), one of the kinds
    of that specification, `metadata.name` and a `spec`.

    Bad:
    ```yaml
    apiVersion: openslo/v1
    # expect: Slo is no kind of OpenSLO
    kind: Slo
    metadata: {name: orders}
    spec: {service: orders}
    ---
    apiVersion: openslo/v1
    # expect: it has no name
    kind: SLO
    spec: {service: orders}
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: Service
    metadata: {name: orders}
    spec: {description: Takes orders}
    ```
    """
    version, kind = each.node["apiVersion"], each.node["kind"]
    if version.text.partition("/")[2] not in _VERSIONS:
        yield Finding(version, f"{version.text} is no version of OpenSLO", fix=Fix("openslo/v1"))
    if kind.text not in _KINDS:
        words = f"{kind.text} is no kind of OpenSLO" if kind.present else "it has no kind"
        yield Finding(kind, words, fix=Fix(f"one of {', '.join(sorted(_KINDS))}"))
    elif not each.object_name:
        yield Finding(each, "it has no name", fix=Fix("add metadata.name"))
    elif not _NAME.match(each.object_name) and "{{" not in each.object_name and "$" not in each.object_name:
        yield Finding(each, f"{each.object_name!r} is no name: letters, digits, '-', '_' and '.'")
    if kind.text in _KINDS and not each.spec.is_mapping:
        yield Finding(kind, "it has no spec")
