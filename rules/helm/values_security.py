from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.helm import Chart, Switch, switches
from gatekeeper.rule import rule


@rule(
    "helm-values-security",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda chart: bool(chart.value_files) and not chart.rendered,
)
def values_security(chart: Chart) -> Iterator[Finding]:
    """A chart's values do not open the node.

    `privileged: true` in a `securityContext` gives the container every device of the node; `hostPID`, `hostIPC` and
    `hostNetwork` its processes, memory and network (medium: agents on every node need one or the other). Only what is
    certain counts: the key as Kubernetes spells it, at `true`, outside of anything that `enabled: false` switches off.
    Where the chart is rendered, the rules about what comes out judge it, and this rule is silent.

    Bad:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    ```
    ```yaml shop/values.yaml
    containerSecurityContext:
      # expect: privileged
      privileged: true
    agent:
      # expect: hostPID
      hostPID: true
    ```

    Good:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    ```
    ```yaml shop/values.yaml
    securityContext: {}
    podSecurityContext: {privileged: false}
    hostNetwork: false
    debug:
      enabled: false
      securityContext: {privileged: true}
    psp: {privileged: true}
    ```
    """
    for values in chart.value_files:
        for each in switches(values):
            if each.value.value is not True:
                continue
            if each.key == "privileged" and _in_security_context(each):
                yield Finding(each.value, "the container is privileged: it owns the node")
            elif each.key in ("hostPID", "hostIPC", "hostNetwork"):
                yield Finding(each.value, f"{each.key} is on: the pod shares it with the node", severity="medium")


def _in_security_context(each: Switch) -> bool:
    return each.within.lower().endswith("securitycontext")
