from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.compose import checked, stage_of
from gatekeeper.models.base_images import user_of
from gatekeeper.models.compose import Service
from gatekeeper.rule import Answer, rule


def _waits(service: Service) -> bool:
    """Whether it starts when another service is healthy."""
    needed = service.node["depends_on"]
    return needed.is_mapping and any(each["condition"] == "service_healthy" for _, each in needed.items())


@rule(
    "compose-depends-on-health",
    gate="workload-reliability",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=_waits,
)
def depends_on_health(service: Service, project: Project) -> Iterator[Answer]:
    """What a service waits for can become healthy.

    `condition: service_healthy` waits for the other service's healthcheck. A service without one never becomes
    healthy, and `docker compose up` fails. A `healthcheck` of the service counts, and a HEALTHCHECK of the Dockerfile
    that it is built from; whether an image that is pulled has one is not known here, unless it is one of those Docker
    official images that have none.

    Bad:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        depends_on:
          db:
            # expect: no healthcheck
            condition: service_healthy
      db: {image: "postgres:18"}
    ```

    Bad, nobody there:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        depends_on:
          # expect: no service
          db: {condition: service_healthy}
    ```

    Good:
    ```dockerfile db/Dockerfile
    FROM postgres:18
    HEALTHCHECK CMD pg_isready
    ```
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        depends_on:
          db: {condition: service_healthy}
          queue: {condition: service_healthy}
          cache: {condition: service_started}
      db: {build: db}
      cache: {image: "redis:8.2"}
      queue:
        image: rabbitmq:4
        healthcheck: {test: [CMD, rabbitmq-diagnostics, ping]}
    ```

    Unknown, the image may have one:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        depends_on: {search: {condition: service_healthy}}
      search: {image: "registry.example.com/search:3"}
    ```
    """
    for name, needed in service.node["depends_on"].items():
        if needed["condition"] != "service_healthy":
            continue
        others = [each for each in project.by(Service, "service_name").get(name, ()) if _together(each, service)]
        if not others:
            yield from _nobody(service, name)
        elif not any(checked(each) for each in others):
            yield from _without(others[0], name, service, project)


def _together(one: Service, other: Service) -> bool:
    return one.path.rpartition("/")[0] == other.path.rpartition("/")[0]


def _nobody(service: Service, name: str) -> Iterator[Answer]:
    condition = service.node["depends_on"][name]["condition"]
    if service.tree.source(service.path).text.find("include:") >= 0:
        yield Unknown(condition, f"whether {name} is in a file that is included is not known")
    else:
        yield Finding(condition, f"there is no service {name} beside it")


def _without(other: Service, name: str, service: Service, project: Project) -> Iterator[Answer]:
    condition = service.node["depends_on"][name]["condition"]
    stage = stage_of(other, project)
    reference = other.reference if other.image.known else None
    if stage and stage.healthcheck:
        return
    if stage or (reference and reference.official and user_of(reference).kind != "unknown"):
        yield Finding(condition, f"{name} has no healthcheck: it never becomes healthy", (Note(other, "this one"),))
    else:
        yield Unknown(condition, f"whether the image of {name} has a HEALTHCHECK is not known")
