from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.pipeline.gitlab import InputUse
from gatekeeper.rule import rule


@rule(
    "gitlab-input-in-script",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening",
)
def input_in_script(use: InputUse) -> Iterator[Finding]:
    """Inputs of a pipeline reach commands as variables, or are limited to what is expected.

    `$[[ inputs.x ]]` is put into the file before anything runs. In a command it becomes a part of the command: whoever
    starts the pipeline, by hand or by the API, writes `; curl …` into the field and it runs with its secrets. Give the
    input `options` or a `regex`, or put it into `variables` and write `"$NAME"` in the command.

    Numbers and booleans cannot hold a command. What a file is given by the file that includes it is no stranger's.

    Bad:
    ```yaml
    spec:
      inputs:
        version: {default: latest}
    ---
    deploy:
      script:
        # expect: the input version is a part of this command
        - helm upgrade shop ./chart --set image.tag=$[[ inputs.version ]]
    ```

    Good:
    ```yaml
    spec:
      inputs:
        version: {default: latest}
        replicas: {type: number, default: 2}
        target: {options: [staging, production], default: staging}
    ---
    deploy:
      variables:
        VERSION: $[[ inputs.version ]]
      script:
        - helm upgrade shop ./chart --set image.tag="$VERSION" --set replicas=$[[ inputs.replicas ]]
        - ./notify.sh $[[ inputs.target ]]
    ```

    Good, from the file that includes it:
    ```yaml .gitlab-ci.yml
    include: [{local: ci/test.yml, inputs: {command: pytest}}]
    ```
    ```yaml ci/test.yml
    spec: {inputs: {command: {}}}
    ---
    test: {script: ["$[[ inputs.command ]]"]}
    ```
    """
    declared = use.found.input
    if use.by_whoever_starts and declared.type in ("string", "array") and declared.free:
        fix = Fix('give the input options or a regex, or put it into variables and use "$NAME" in the command')
        words = f"the input {declared.name} is a part of this command: whoever starts the pipeline writes it"
        yield Finding(use, words, (Note(declared.at, "anything may be given for it"),), fix)
