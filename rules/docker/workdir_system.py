from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.rule import rule

_SYSTEM = ("/proc", "/sys", "/dev", "/boot", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/usr/bin", "/usr/sbin", "/run")


@rule(
    "docker-workdir-system",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0030"],
    where=lambda stage: stage.ships and bool(stage.instructions("WORKDIR")),
)
def workdir_system(stage: Stage) -> Iterator[Finding]:
    """The process does not work in a folder of the system.

    In `/proc`, `/dev` or `/etc` a relative path of the program writes where it never should. Only the WORKDIR in force
    at the end counts; a folder of its own below them (`/etc/app`) is fine where it is not the kernel's.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: /proc/self/fd
    WORKDIR /proc/self/fd
    ```

    Bad, the folder itself:
    ```dockerfile
    FROM node:20
    # expect: /etc
    WORKDIR /etc/
    ```

    Good:
    ```dockerfile
    FROM node:20
    WORKDIR /etc
    RUN ls
    WORKDIR /etc/nginx
    ```
    """
    last = stage.instructions("WORKDIR")[-1]
    folder = stage.expanded(last.arguments, last)
    text = "/" + folder.text.strip("/") if folder.known and folder.text.startswith("/") else ""
    kernel = text.startswith(("/proc/", "/sys/", "/dev/", "/boot/"))
    if text in _SYSTEM or kernel:
        yield Finding(folder, f"{text[:60]} is a folder of the system", fix=Fix("a folder of its own: /app"))
