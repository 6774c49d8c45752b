from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.kubernetes import ArgoWorkflow, Object
from gatekeeper.rule import rule


@rule(
    "argo-workflow-service-account",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["CKV_ARGO_1"],
    where=lambda each: each.starts and bool(each.containers),
)
def workflow_service_account(each: ArgoWorkflow, project: Project | None = None) -> Iterator[Finding]:
    """The pods of an Argo Workflow have a ServiceAccount of their own.

    Argo needs rights to run: where a workflow names no account, somebody gives them to `default`, and with it to every
    pod of the namespace. Named for the workflow, or for each of its templates; `workflowDefaults` of the controller
    count where they are here.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    # expect: the ServiceAccount default
    kind: Workflow
    metadata: {generateName: build-}
    spec:
      entrypoint: build
      templates:
        - name: build
          container: {image: "golang:1.23", command: [go, build]}
    ```

    Bad, by name:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: CronWorkflow
    metadata: {name: clean}
    spec:
      schedule: "0 3 * * *"
      workflowSpec:
        entrypoint: clean
        # expect: the ServiceAccount default
        serviceAccountName: default
        templates:
          - name: clean
            container: {image: "clean:1.0.0"}
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: build-}
    spec:
      entrypoint: build
      serviceAccountName: builds
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
          serviceAccountName: cleaner
          container: {image: "clean:1.0.0"}
    ```

    Good, the controller's defaults:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: build-}
    spec:
      entrypoint: build
      templates:
        - name: build
          container: {image: "golang:1.23", command: [go, build]}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: workflow-controller-configmap}
    data:
      workflowDefaults: |
        spec:
          serviceAccountName: builds
    ```
    """
    named = each.workflow["serviceAccountName"]
    own = [container.template["serviceAccountName"] for container in each.containers]
    if all((one if one.present else named).text not in ("", "default") for one in own):
        return
    if project and not named.present and _defaults(project):
        return
    words = "its pods run with the ServiceAccount default"
    yield Finding(named if named.present else each, words, fix=Fix("name one with serviceAccountName"))


def _defaults(project: Project) -> bool:
    found = project.by(Object, "object_name").get("workflow-controller-configmap", ())
    return any("serviceAccountName:" in each.node["data"]["workflowDefaults"].text for each in found)
