from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task, truth
from gatekeeper.rule import Answer, rule

_MODULES = frozenset({"docker_container", "podman_container"})
_GRAVE = frozenset({"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "DAC_READ_SEARCH"})


@rule(
    "ansible-container-privileged",
    gate="container-hardening",
    severity="high",
    seed="6.1 Security Hardening: Principle of least privilege",
    where=lambda task: task.module in _MODULES,
)
def container_privileged(task: Task) -> Iterator[Answer]:
    """Containers are not privileged.

    A privileged container, or one with the capabilities of the whole machine, can do what root on the host can: whoever
    breaks into it has the host.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - community.docker.docker_container:
            name: agent
            image: agent:1.0.0
            # expect: privileged
            privileged: true
        - community.docker.docker_container:
            name: tool
            image: tool:1.0.0
            capabilities:
              # expect: SYS_ADMIN
              - SYS_ADMIN
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - community.docker.docker_container:
            name: vpn
            image: vpn:1.0.0
            capabilities: [NET_ADMIN]
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - community.docker.docker_container:
            name: vpn
            image: vpn:1.0.0
            privileged: "{{ needs_all }}"
    ```
    """
    said = task.args["privileged"]
    if said.present and truth(said):
        yield Finding(said, "the container is privileged: it can do what root on the host can", fix=_FIX)
    added = task.args["capabilities"] if task.args["capabilities"].present else task.args["cap_add"]
    for each in added if added.is_list else ():
        if each.text.upper().removeprefix("CAP_") in _GRAVE:
            yield Finding(each, f"{each.text} opens the host to the container", fix=_FIX)


_FIX = Fix("give it the one capability or device that it needs")
