from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.compose import Service, is_on
from gatekeeper.rule import rule

_ALL_OF_THE_HOST = frozenset({"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE"})


@rule(
    "compose-privileged",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda service: not service.development,
)
def privileged(service: Service) -> Iterator[Finding]:
    """No service has the rights of the host.

    `privileged: true` gives every capability and every device of the machine, and so do the capabilities ALL, SYS_ADMIN
    and SYS_MODULE one way or another. SYS_PTRACE together with the host's processes reads them. Files that say of
    themselves that they are for development, tests or a demonstration are not judged.

    Bad:
    ```yaml compose.prod.yaml
    services:
      agent:
        image: agent:1.0.0
        # expect: privileged
        privileged: true
      shaper:
        image: shaper:2.1.0
        cap_add:
          # expect: SYS_ADMIN
          - SYS_ADMIN
    ```

    Bad, in a file that it extends:
    ```yaml compose.prod.yaml
    services:
      agent:
        image: agent:1.0.0
        extends: {file: base.yaml, service: agent}
    ```
    ```yaml base.yaml
    services:
      agent:
        image: agent:1.0.0
        # expect: privileged
        privileged: "yes"
    ```

    Good:
    ```yaml compose.yaml
    services:
      agent:
        image: agent:1.0.0
        privileged: false
        cap_drop: [ALL]
        cap_add: [NET_BIND_SERVICE]
    ```
    """
    own = service.node["privileged"]
    if is_on(own):
        yield Finding(own, f"{service.service_name} is privileged: it can do what root on the machine can")
    added = service.node["cap_add"]
    for each in added if added.is_list else ():
        name = each.text.upper().removeprefix("CAP_")
        if name in _ALL_OF_THE_HOST and (name != "SYS_PTRACE" or service["pid"] == "host"):
            yield Finding(each, f"{name} opens the machine to {service.service_name}")
