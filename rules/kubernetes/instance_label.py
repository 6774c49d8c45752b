from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Object
from gatekeeper.rule import rule

_LABEL = "app.kubernetes.io/instance"


@rule(
    "k8s-instance-label",
    gate="documentation",
    severity="off",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["polaris:metadataAndInstanceMismatched"],
)
def instance_label(each: Object) -> Iterator[Finding]:
    """Every object is labelled with its own name as the instance.

    Some dashboards and cost reports group by `app.kubernetes.io/instance` and look for the object of that name. Helm
    sets the release's name there, which is another matter, so this runs only when it is asked for.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
      # expect: shop
      labels: {app.kubernetes.io/instance: shop}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, labels: {app.kubernetes.io/instance: web}}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```
    """
    label = each.metadata["labels"][_LABEL]
    if label.text != each.object_name:
        yield Finding(label, f"{_LABEL} is {label.text or 'not set'}, the name is {each.object_name}")
