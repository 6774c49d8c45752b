from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.files import File
from gatekeeper.rule import Place, rule


@rule("file-unreadable", gate="iac-validation", severity="high", seed="7 Infrastructure code passes validation")
def unreadable(file: File) -> Iterator[Finding]:
    """Every file that describes infrastructure, delivery or monitoring can be read.

    What cannot be parsed was not judged, and whoever deploys it finds out later. One broken document does not hide the
    others: they are judged all the same.

    Bad:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: app
    data:
      # expect: not valid YAML
      key: "open
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app}
    ```
    """
    for fault in file.faults:
        if fault.reason == "unreadable" and fault.technology:
            yield Finding(Place(fault.source, fault.span), fault.message)
