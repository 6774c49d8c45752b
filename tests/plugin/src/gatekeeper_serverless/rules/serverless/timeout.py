from __future__ import annotations

from collections.abc import Iterator

from gatekeeper_serverless.model import Function

from gatekeeper import Finding
from gatekeeper.rule import rule


@rule("serverless-timeout", gate="workload-reliability", severity="high", seed="4.2 Kubernetes Deployment Template")
def timeout(function: Function) -> Iterator[Finding]:
    """A function says how long it may take.

    Behind a gateway that gives up after 30 seconds, a function that goes on is paid for and answers nobody.

    Bad:
    ```yaml
    functions:
      # expect: no timeout
      orders: {handler: orders.handle}
      report:
        handler: report.make
        # expect: longer than
        timeout: 300
    ```

    Good:
    ```yaml
    functions:
      orders: {handler: orders.handle, timeout: 10}
    ```
    """
    written = function.node["timeout"]
    if not written.present:
        yield Finding(function, "no timeout")
    elif written.number is not None and written.number > 30:
        yield Finding(written, "longer than the gateway waits")
