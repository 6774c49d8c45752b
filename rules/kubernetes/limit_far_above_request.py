from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container, amount
from gatekeeper.rule import rule

_TIMES = {"cpu": 10, "memory": 4}


@rule(
    "k8s-limit-far-above-request",
    gate="cost",
    severity="off",
    seed="9. Cost Analysis, Cost Optimization Done",
    where=lambda container: any(
        container.limit(each).present and container.request(each).present for each in ("cpu", "memory")
    ),
)
def limit_far_above_request(container: Container) -> Iterator[Finding]:
    """No container may use many times what it requests.

    The request is what is paid for and what the scheduler counts on, the limit what is feared. Where they lie more than
    ten times apart (CPU) or four times (memory), one of them was guessed: nodes are packed by a number that says
    little, and under load what shares them is throttled or killed. Some work comes in bursts by design, so this runs
    only when it is asked for.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          resources:
            requests: {cpu: 50m, memory: 64Mi}
            # expect: memory: 2Gi is 32 times the request
            limits: {cpu: 200m, memory: 2Gi}
        - name: idle
          image: idle:1.2.0
          resources:
            requests: {cpu: 0}
            # expect: nothing is requested
            limits: {cpu: 2}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          resources: {requests: {cpu: 200m, memory: 512Mi}, limits: {cpu: "1", memory: 1Gi}}
    ```
    """
    for resource, times in _TIMES.items():
        request, limit = amount(container.request(resource)), amount(container.limit(resource))
        if request is not None and limit and limit > request * times:
            above = f"{limit / request:.0f} times the request" if request else "the limit, and nothing is requested"
            yield Finding(container.limit(resource), f"{resource}: {container.limit(resource).text} is {above}")
