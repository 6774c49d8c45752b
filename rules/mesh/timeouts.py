from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import VirtualService
from gatekeeper.rule import rule


@rule(
    "mesh-timeout",
    gate="workload-reliability",
    severity="low",
    seed="1.2 Architecture Design",
    where=lambda routes: bool(routes.http),
)
def timeouts(routes: VirtualService) -> Iterator[Finding]:
    """Every HTTP route of the mesh has a timeout.

    Istio waits for ever where no `timeout` is written: a service that hangs takes its callers with it. Routes that
    redirect or answer by themselves are not meant. A route of WebSockets or of streams has to stay open: waive it
    there. Linkerd has ten seconds by itself and is not asked.

    Bad:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: web}
    spec:
      hosts: [web]
      http:
        # expect: no timeout
        - route: [{destination: {host: web}}]
    ```

    Good:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: web}
    spec:
      hosts: [web]
      http:
        - timeout: 3s
          route: [{destination: {host: web}}]
        - redirect: {uri: /new}
    ```
    """
    for route in routes.http:
        if not route["timeout"].present or route["timeout"].text in ("0s", "0"):
            name = route["name"].text
            yield Finding(route, f"no timeout{f' for {name}' if name else ''}: a call that hangs is waited for")
