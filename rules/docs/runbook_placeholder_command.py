from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import workloads
from gatekeeper.models.docs import Runbook
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, Reason, rule

_KINDS = {
    **dict.fromkeys(("deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"), "Deployment"),
    **dict.fromkeys(("statefulset", "statefulsets", "sts", "statefulset.apps"), "StatefulSet"),
    **dict.fromkeys(("daemonset", "daemonsets", "ds", "daemonset.apps"), "DaemonSet"),
}
_WITH_VALUE = frozenset(
    {"-n", "--namespace", "--context", "--kubeconfig", "--cluster", "-f", "--kube-context", "--to-revision"}
)
_PLACEHOLDER = regex(
    r"<.*>|\[.*\]|\{.*\}|(?:my|your|the|some|example|sample)[-_].+"
    r"|(?:service|app|application|deploy|deployment|release|pod|chart|container|workload|component|statefulset|object)"
    r"[-_](?:name|here|x+|id)|name|x{3,}|foo|bar|todo|placeholder",
    re.IGNORECASE,
)


class Target(NamedTuple):
    """What a rollback command acts on: a workload's kind and name (a Helm release has no kind), and its namespace."""

    kind: str
    name: str
    namespace: str
    at: Node


def _targets(runbook: Runbook) -> Iterator[Target]:
    for command in runbook.commands():
        words = command.text.removeprefix("sudo ").split()[:60]
        if "rollout" in words and "undo" in words and words[0] in ("kubectl", "oc", "k"):
            yield from _kubectl(words, command)
        elif words[:1] == ["helm"] and "rollback" in words:
            names = _operands(words[words.index("rollback") + 1 :])
            yield from (Target("", name, _namespace(words), command) for name in names[:1])
        elif words[:3] == ["argocd", "app", "rollback"]:
            yield from (Target("", name, "", command) for name in _operands(words[3:])[:1])


def _kubectl(words: list[str], command: Node) -> Iterator[Target]:
    operands = _operands(words[words.index("undo") + 1 :])
    if not operands:
        return
    kind, slash, name = operands[0].partition("/")
    if not slash:
        name = operands[1] if len(operands) > 1 else ""
    if name:
        yield Target(_KINDS.get(kind.lower(), ""), name, _namespace(words), command)


def _operands(words: list[str]) -> list[str]:
    """The words that are no options; a placeholder of several words (`<release name>`) is one."""
    found: list[str] = []
    skip = False
    for word in words:
        if word in ("&&", "||", ";", "|", "#"):
            break
        if skip or word.startswith("-"):
            skip = not skip and word in _WITH_VALUE
        elif found and found[-1][0] == "<" and not found[-1].endswith(">"):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _namespace(words: list[str]) -> str:
    for word, following in pairwise(words):
        if word in ("-n", "--namespace"):
            return following
        if word.startswith("--namespace="):
            return word.partition("=")[2]
    return ""


@rule(
    "runbook-placeholder-command",
    gate="deployment-rollback",
    severity="high",
    seed="11. Rollback Procedure",
    where=lambda runbook: any(True for _ in _targets(runbook)),
)
def placeholder_command(runbook: Runbook, project: Project) -> Iterator[Answer]:
    """A rollback command names what it rolls back.

    `kubectl rollout undo deployment/service-name` was copied and never filled in: it fails when it is needed. The
    commands judged are `kubectl rollout undo`, `helm rollback` and `argocd app rollback`. Where this repository has
    workloads of the kind, the one named must be among them (a prefix or suffix that an overlay adds is allowed for).
    Variables (`$NAME`) are filled in by whoever runs it, and so is `<name>` in a runbook for an alert that may be about
    any workload. Namespaces that nothing here is deployed to are somebody else's.

    Bad:
    ```markdown docs/runbooks/deploy.md
    # Deployment Procedure
    ## Rollback Procedure
    1. Identify issue
    <!-- expect: service-name is a placeholder -->
    2. Run: `kubectl rollout undo deployment/service-name`
    ```

    Bad, named for nothing here:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    ~~~bash
    # expect: no Deployment order is declared here
    kubectl -n prod rollout undo deployment order --to-revision=3
    # expect: <release name> is a placeholder
    helm rollback <release name> 0
    ~~~
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders, namespace: prod}
    spec:
      template:
        spec:
          containers: [{name: app, image: "orders:1.0.0"}]
    ```

    Good:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    `kubectl rollout undo deployment/orders`, `kubectl rollout undo deploy prod-orders -n prod`,
    `kubectl rollout undo sts/db`, `kubectl rollout undo deployment/$NAME`,
    `kubectl rollout undo deployment/coredns -n kube-system`
    ```
    ```markdown docs/runbooks/KubeDeploymentRolloutStuck.md
    # KubeDeploymentRolloutStuck
    ## Mitigation
    `kubectl rollout undo deployment/<name>`
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders, namespace: prod}
    spec:
      template:
        spec:
          containers: [{name: app, image: "orders:1.0.0"}]
    ```

    Unknown, the manifests are templates:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    `kubectl rollout undo deployment/orders`
    ```
    ```yaml k8s/Chart.yaml
    apiVersion: v2
    name: orders
    version: 1.0.0
    ```
    ```yaml k8s/templates/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: {{ .Release.Name }}}
    ```
    """
    declared = workloads(project)
    for target in _targets(runbook):
        if target.name.startswith("$") or "$" in target.name or "{{" in target.name:
            continue
        of_kind = {name for kind, name, _ in declared.workloads if kind == target.kind}
        if _PLACEHOLDER.fullmatch(target.name) and target.name not in of_kind:
            if not (target.name[0] in "<[{" and runbook.incident):
                yield Finding(target.at, f"{target.name} is a placeholder: the command rolls back nothing")
            continue
        spaces = {space for _, _, space in declared.workloads if space}
        if not target.kind or (target.namespace and spaces and target.namespace not in spaces):
            continue
        if any(_same(target.name, name) for name in of_kind):
            continue
        if declared.templates:
            words = f"{target.name} may be declared in a template that is not rendered ({declared.templates})"
            yield Unknown(target.at, words, Reason.TEMPLATE_UNRENDERED)
        elif of_kind:
            yield Finding(
                target.at, f"no {target.kind} {target.name} is declared here ({', '.join(sorted(of_kind)[:5])})"
            )


def _same(called: str, declared: str) -> bool:
    return called == declared or called.endswith(f"-{declared}") or called.startswith(f"{declared}-")
