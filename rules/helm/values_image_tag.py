from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.helm import Chart, Switch, switches
from gatekeeper.models.image import ImageReference
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule(
    "helm-values-image-tag",
    gate="deployment-rollback",
    severity="high",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    where=lambda chart: bool(chart.value_files) and not chart.rendered,
)
def values_image_tag(chart: Chart) -> Iterator[Finding]:
    """No image that a chart's values name has the tag `latest`.

    Whoever installs the chart as it is gets whatever was pushed last, and `helm rollback` goes back to the same word.
    An empty tag is fine: charts fall back to `appVersion`. What `enabled: false` switches off is left out, and a digest
    pins whatever the tag. The chart's own `image` is certain to be used; of any other one only rendering can tell, so
    its severity is medium. Where the chart is rendered, `k8s-image-tag` judges what comes out, and this rule is silent.

    Bad:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    ```
    ```yaml shop/values.yaml
    image:
      repository: ghcr.io/acme/shop
      # expect: latest
      tag: latest
    sidecars:
      # expect: latest
      - image: proxy:latest
    ```
    ```yaml shop/values-prod.yaml
    worker:
      image:
        repository: ghcr.io/acme/worker
        # expect: latest
        tag: "latest"
    ```

    Good:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    ```
    ```yaml shop/values.yaml
    image: {repository: ghcr.io/acme/shop, tag: ""}
    pinned: {image: {repository: proxy, tag: latest, digest: "sha256:7bb1ff3fa2d0c4b1b6f3a9f2ab8c0f2d"}}
    # image: proxy:latest
    metrics:
      enabled: false
      image: {repository: exporter, tag: latest}
    channel: {name: beta, tag: latest}
    test: {image: {repository: busybox, tag: latest}}
    ```
    """
    for values in chart.value_files:
        for each in switches(values):
            at = _latest(each)
            if at is not None and _FOR_TESTS.isdisjoint(each.path):
                fix = Fix("write the version that was built, or leave the tag empty and take appVersion")
                words = "the image is latest: whatever was pushed last"
                yield Finding(at, words, fix=fix, severity=None if each.path in ((), ("image",)) else "medium")


_FOR_TESTS = frozenset({"test", "tests"})  # `helm test` alone runs these


def _latest(each: Switch) -> Node | None:
    """The value that names the mutable tag, where that is certain."""
    if not isinstance(each.value.value, str):
        return None
    if each.key == "tag" and each.value.text == "latest":
        image = each.beside["repository"].present or (each.within == "image" and each.beside["name"].present)
        pinned = any(written(each.beside[key]) for key in ("digest", "sha", "sha256"))
        return each.value if image and not pinned else None
    if each.key == "image" and ":" in each.value.text and not each.beside["tag"].present:
        reference = ImageReference.parse(each.value.text)
        latest = reference is not None and reference.tag == "latest" and not reference.digest
        return each.value if latest else None
    return None
