from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.slo import OpenSlo, filled
from gatekeeper.node import Node
from gatekeeper.project import Project
from gatekeeper.rule import Answer, rule


def _alerts(each: OpenSlo) -> bool:
    return each.version == "v1" and (
        each.kind == "AlertPolicy" or (each.kind == "SLO" and each.spec["alertPolicies"].present)
    )


@rule("slo-openslo-alerts", gate="slo", severity="medium", seed="5.3 Alerting Rules", where=_alerts)
def alerts(each: OpenSlo, project: Project) -> Iterator[Answer]:
    """Alert policies of OpenSLO refer to what is there, have one condition and tell somebody.

    A reference that leads nowhere is an alert that never fires. An SLO names its policies (`alertPolicyRef`), a policy
    its condition (exactly one: `conditionRef`) and whom it tells (`targetRef`), or they are written in place. Where
    nothing of that kind is written in this repository, it may be elsewhere: that is not known.

    Bad:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      alertPolicies:
        # expect: no AlertPolicy is called fast-burn
        - alertPolicyRef: fast-burn
    ---
    apiVersion: openslo/v1
    kind: AlertPolicy
    metadata: {name: slow-burn}
    spec:
      # expect: 2 conditions
      conditions:
        - {kind: AlertCondition, metadata: {name: a}, spec: {severity: page}}
        - {kind: AlertCondition, metadata: {name: b}, spec: {severity: page}}
      notificationTargets:
        - {kind: AlertNotificationTarget, metadata: {name: mail}, spec: {target: email}}
    ---
    apiVersion: openslo/v1
    kind: AlertPolicy
    # expect: it tells nobody
    metadata: {name: silent}
    spec:
      conditions:
        - {kind: AlertCondition, metadata: {name: a}, spec: {severity: page}}
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      alertPolicies:
        - alertPolicyRef: fast-burn
    ---
    apiVersion: openslo/v1
    kind: AlertPolicy
    metadata: {name: fast-burn}
    spec:
      conditions: [{conditionRef: burns}]
      notificationTargets: [{targetRef: on-call}]
    ---
    apiVersion: openslo/v1
    kind: AlertCondition
    metadata: {name: burns}
    spec: {severity: page, condition: {kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h, alertAfter: 5m}}
    ---
    apiVersion: openslo/v1
    kind: AlertNotificationTarget
    metadata: {name: on-call}
    spec: {target: pagerduty}
    ```

    Unknown, no policy is written here:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      alertPolicies: [{alertPolicyRef: fast-burn}]
    ```
    """
    if each.kind == "SLO":
        yield from _resolved(each.spec["alertPolicies"], "alertPolicyRef", "AlertPolicy", project)
        return
    conditions, targets = each.spec["conditions"], each.spec["notificationTargets"]
    count = len(conditions) if conditions.is_list else 0
    if count != 1:
        words = f"{count} conditions: exactly one is allowed" if count else "no condition: it never fires"
        yield Finding(conditions if conditions.present else each, words)
    if not targets.is_list or not len(targets):
        yield Finding(each, "it tells nobody: no notificationTargets")
    yield from _resolved(conditions, "conditionRef", "AlertCondition", project)
    yield from _resolved(targets, "targetRef", "AlertNotificationTarget", project)


def _resolved(listed: Node, field: str, kind: str, project: Project) -> Iterator[Answer]:
    known = [other.object_name for other in project.all(OpenSlo) if other.kind == kind]
    for item in listed if listed.is_list else ():
        reference = filled(item[field] if item.is_mapping else item)
        if not reference.present or (item.is_mapping and item["kind"].present):
            continue
        if not known:
            yield Unknown(reference, f"no {kind} is written here: whether {reference.text} is anywhere is not known")
        elif reference.text not in known:
            yield Finding(reference, f"no {kind} is called {reference.text}")
