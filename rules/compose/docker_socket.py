from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.compose import Service, with_defaults
from gatekeeper.node import regex
from gatekeeper.rule import rule

_SOCKET = regex(r"(?:[^:]*/)?(?:docker|containerd|podman)\.sock\Z")
_FOLDERS = frozenset({"/", "//", "/run", "/var", "/var/run"})


@rule(
    "compose-docker-socket",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    where=lambda service: bool(service.volumes) and not service.development,
)
def docker_socket(service: Service) -> Iterator[Finding]:
    """No service mounts the container runtime's socket.

    Whoever speaks to that socket starts containers of any kind on the machine, as root. Mounting it read-only changes
    nothing: the socket's file cannot be replaced then, but it can be spoken to. Agents and proxies that watch
    containers often ask for it; a socket proxy that lets only reading through is the way out. Files that say of
    themselves that they are for development, tests or a demonstration are not judged.

    Bad:
    ```yaml compose.yaml
    services:
      proxy:
        image: traefik:v3.5
        volumes:
          # expect: docker.sock
          - /var/run/docker.sock:/var/run/docker.sock:ro
          # expect: docker.sock
          - {type: bind, source: /run/docker.sock, target: /var/run/docker.sock}
    ```

    Bad, with the folder it lies in, and by default:
    ```yaml compose.yaml
    services:
      agent:
        image: agent:1.0.0
        volumes:
          # expect: docker.sock
          - /var/run:/var/run
          # expect: docker.sock
          - ${SOCKET:-/var/run/docker.sock}:/var/run/docker.sock
    ```

    Good:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.0.0
        volumes: ["data:/var/lib/app", "./docker.sock.md:/readme"]
    ```
    """
    for volume in service.volumes:
        source = volume["source"] if volume.is_mapping else volume
        path = with_defaults(source).partition(":")[0]
        if _SOCKET.match(path) or (path.startswith("/") and posixpath.normpath(path) in _FOLDERS):
            words = f"docker.sock: whoever is in {service.service_name} rules the machine's containers"
            yield Finding(volume if not volume.is_mapping else source, words)
