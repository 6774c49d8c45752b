from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import ArgoWorkflow
from gatekeeper.models.kubernetes.argo_workflows import Container
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule(
    "argo-workflow-non-root",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["CKV_ARGO_2"],
    where=lambda each: each.starts and bool(each.containers),
)
def workflow_non_root(each: ArgoWorkflow) -> Iterator[Finding]:
    """The pods of an Argo Workflow run as a user other than root.

    A step that runs as root owns the files that later steps read, and has one wall less between it and the node. Said
    with `runAsNonRoot: true` or a `runAsUser` other than 0, for the workflow, a template or a container.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    # expect: build may run as root
    kind: Workflow
    metadata: {generateName: build-}
    spec:
      entrypoint: build
      templates:
        - name: build
          container: {image: "golang:1.23", command: [go, build]}
    ```

    Bad, said so:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: build-}
    spec:
      entrypoint: build
      securityContext: {runAsNonRoot: true}
      templates:
        - name: build
          container:
            image: golang:1.23
            # expect: build may run as root
            securityContext: {runAsUser: 0, runAsNonRoot: false}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: build-}
    spec:
      entrypoint: build
      securityContext: {runAsNonRoot: true}
      templates:
        - name: build
          container: {image: "golang:1.23", command: [go, build]}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: WorkflowTemplate
    metadata: {name: clean}
    spec:
      entrypoint: clean
      templates:
        - name: clean
          securityContext: {runAsUser: 1000}
          script: {image: "alpine:3.20", source: "echo clean"}
    ```
    """
    for container in each.containers:
        said = _said(container, each)
        if not any(_other(context) for context in said[:1]):
            name = container.template["name"].text or "(unnamed)"
            fix = Fix("set securityContext: {runAsNonRoot: true} for the workflow")
            at = container.node["securityContext"]
            yield Finding(at if at.present else each, f"{name} may run as root", fix=fix)
            return


def _said(container: Container, each: ArgoWorkflow) -> list[Node]:
    """The settings that say a user, the container's own first."""
    places = (container.node, container.template, each.workflow)
    contexts = [place["securityContext"] for place in places]
    return [one for one in contexts if one["runAsUser"].present or one["runAsNonRoot"].present]


def _other(context: Node) -> bool:
    user = context["runAsUser"].number
    return user > 0 if user is not None else context["runAsNonRoot"].text == "true"
