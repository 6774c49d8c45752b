from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.schemas import is_patch
from gatekeeper.models.kubernetes import Object
from gatekeeper.models.kubernetes.api_versions import Retired, minor, release, retired
from gatekeeper.models.kubernetes.schema import PINNED, builtin
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-api-version",
    gate="iac-validation",
    severity="high",
    seed="7. Infrastructure code passes validation",
    aliases=["KSV-0107"],
    where=lambda each, project: (
        bool(retired(each.api_version, each.kind) or _served(each)) and not is_patch(each, project)
    ),
)
def api_version(each: Object, project: Project) -> Iterator[Answer]:
    """Every object is of an API version that the cluster serves.

    An object of a removed version is refused, and with it the whole release; after an upgrade of the cluster a rollback
    to it fails too. `kubernetes.version` in gatekeeper.yaml says what is deployed to; without it that is Kubernetes
    1.37, the version that gatekeeper knows. A version that is deprecated there and still served is a finding of low
    severity. Judged are the APIs of Kubernetes itself; what operators define goes by their own calendar.

    kube-score's `stable-version` also refuses alpha and beta versions that are not deprecated, and kube-linter's
    `no-extensions-v1beta` knows a single group: both mean something else.

    Bad:
    ```yaml
    # expect: removed in 1.22 (2021-08)
    apiVersion: extensions/v1beta1
    kind: Ingress
    metadata: {name: web}
    ---
    # expect: removed in 1.25 (2022-08)
    apiVersion: batch/v1beta1
    kind: CronJob
    metadata: {name: backup}
    ```

    Bad, still served:
    ```yaml
    # expect: deprecated since 1.33 (2025-04)
    apiVersion: v1
    kind: Endpoints
    metadata: {name: db}
    ```

    Bad, a version that nobody serves:
    ```yaml
    # expect: 1.37 serves StatefulSet as apps/v1
    apiVersion: apps/v1alpha1
    kind: StatefulSet
    metadata: {name: db}
    ```

    Good:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: web}
    ```

    Good, an older cluster:
    ```yaml k8s/limits.yaml
    apiVersion: flowcontrol.apiserver.k8s.io/v1beta3
    kind: FlowSchema
    metadata: {name: web}
    ```
    ```yaml gatekeeper.yaml
    kubernetes: {version: "1.28"}
    ```

    Unknown, an older cluster may have served it:
    ```yaml k8s/db.yaml
    apiVersion: scheduling.k8s.io/v1alpha2
    kind: Workload
    metadata: {name: batch}
    ```
    ```yaml gatekeeper.yaml
    kubernetes: {version: "1.36"}
    ```
    """
    target = project.settings.kubernetes.version or PINNED
    at = each.node["apiVersion"]
    known = retired(each.api_version, each.kind)
    if known:
        yield from _of_a_retired(each, known, target)
        return
    served = _served(each)
    if not served or each.api_version in served:
        return
    words = f"{PINNED} serves {each.kind} as {' or '.join(served)}, not as {each.api_version}"
    if minor(target) == minor(PINNED):
        yield Finding(at, words, fix=Fix(f"write {served[0]}"))
    else:
        yield Unknown(at, f"{words}; whether {target} does is not known")


def _of_a_retired(each: Object, known: Retired, target: str) -> Iterator[Finding]:
    """Removed is a fault at the version that is deployed to; deprecated there is one to come."""
    at = each.node["apiVersion"]
    name = f"{each.api_version} {each.kind}"
    fix = Fix(f"write {known.instead}, and look through what changed in it") if known.instead else None
    if known.removed and known.removed <= minor(target):
        yield Finding(at, f"{name} was removed in {release(known.removed)}", fix=fix)
    elif known.deprecated <= minor(target):
        end = f", and is removed in 1.{known.removed}" if known.removed else ""
        yield Finding(at, f"{name} is deprecated since {release(known.deprecated)}{end}", fix=fix, severity="low")


def _served(each: Object) -> list[str]:
    """The versions of its group that have its kind, stable ones first."""
    group = f"{each.group}/" if each.group else ""
    every = (f"{group}{version}" for version in builtin().versions.get(each.group, ()))
    return [version for version in every if f"{version} {each.kind}" in builtin().kinds]
