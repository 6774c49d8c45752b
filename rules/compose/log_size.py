from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.compose import Service
from gatekeeper.rule import rule

_GROWING = frozenset({"", "json-file"})


def _says(other: Service, service: Service) -> bool:
    folder = posixpath.dirname(service.path)
    beside = other is not service and posixpath.dirname(other.path) == folder and not other.development
    return beside and other["logging"].present and not _grows(other)


def _grows(service: Service) -> bool:
    return service.at("logging.driver").text in _GROWING and not service.at("logging.options.max-size").present


@rule(
    "compose-log-size",
    gate="logging",
    severity="low",
    seed="5.2 Logging, Log levels and retention policies",
    where=lambda service: service.whole and service.production,
)
def log_size(service: Service, project: Project | None = None) -> Iterator[Finding]:
    """The log files of a service in production do not grow without end.

    Where nothing is said Docker writes `json-file`, one file a container that is never cut: one day the disk is full,
    for all services of the machine. `local` rotates by itself; a driver that sends logs away leaves none. The default
    may be set for the whole daemon instead, which is not seen here. A file beside it that says it of the same service
    counts, since the two may be given together.

    Bad:
    ```yaml compose.production.yaml
    services:
      # expect: grow without end
      app: {image: "app:1.2.0"}
    ```

    Bad, only a file for developers says it:
    ```yaml compose.production.yaml
    services:
      # expect: grow without end
      app: {image: "app:1.2.0"}
    ```
    ```yaml compose.dev.yaml
    services:
      app: {build: ., logging: {driver: local}}
    ```

    Good:
    ```yaml compose.production.yaml
    services:
      app:
        image: app:1.2.0
        logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
      web: {image: "web:1.2.0", logging: {driver: local}}
    ```
    """
    same = project.by(Service, "service_name").get(service.service_name, ()) if project else ()
    if any(_says(other, service) for other in same):
        return
    if _grows(service):
        fix = Fix("set logging.options.max-size and max-file, or driver: local")
        yield Finding(service, f"the logs of {service.service_name} grow without end", fix=fix)
