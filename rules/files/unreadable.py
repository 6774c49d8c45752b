from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.discover import LINK
from gatekeeper.models.files import File
from gatekeeper.rule import Answer, Place, Reason, rule


def describes(file: File) -> bool:
    """It was read as something that is deployed or run, or could not be read."""
    unread = any(fault.technology != "docs" for fault in file.faults)
    return unread or not {"docs", "files"}.issuperset(file.technologies)


@rule(
    "file-unreadable",
    gate="iac-validation",
    severity="high",
    seed="Phase 7 Infrastructure code passes validation",
    where=describes,
)
def unreadable(file: File) -> Iterator[Answer]:
    """Every file that describes infrastructure, delivery or monitoring can be read.

    What cannot be parsed was not judged, and whoever deploys it finds out later. One broken document does not hide the
    others: they are judged all the same, and every criterion that needed the broken one is UNKNOWN. Where nobody can
    tell what a broken file describes, this criterion is UNKNOWN as well; and where a link stands in place of a file,
    which is not followed: what it leads to may be judged where it is. Documents are left to the gate Documentation;
    templates that only their own engine can render are UNKNOWN(template-unrendered) in the gates they belong to.

    Bad, one document of two:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: broken
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

    Unknown, a file that could be anything:
    ```yaml settings.yaml
    list: [
    ```
    """
    for fault in file.faults:
        at = Place(fault.source, fault.span)
        broken = fault.reason == Reason.UNREADABLE and not fault.message.endswith(f": {LINK}")
        if broken and fault.technology not in ("", "docs"):
            yield Finding(at, fault.message)
        elif fault.technology == "" or (fault.technology != "docs" and fault.reason == Reason.UNREADABLE):
            yield Unknown(at, fault.message, Reason(fault.reason))
