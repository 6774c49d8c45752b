from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links import containers_of
from gatekeeper.links.compose import healthchecks_of
from gatekeeper.models.docker import Stage
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "docker-healthcheck",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["CKV_DOCKER_2", "DS-0026", "DL3057"],
    where=lambda stage: stage.ships,
)
def healthcheck(stage: Stage, project: Project) -> Iterator[Finding]:
    """The image, or whoever runs it, says how to tell whether it is healthy.

    Without a check Docker and Compose know only whether the process lives. A HEALTHCHECK in the stage that ships, or in
    what it is built from, counts; one in another build stage does not, and `HEALTHCHECK NONE` takes it back. Kubernetes
    ignores HEALTHCHECK: where the containers that run the image are in this repository, their probes count in its
    place (and none is asked of a Job), and so does the `healthcheck` of a Compose service.

    Bad:
    ```dockerfile
    FROM node:20 AS build
    HEALTHCHECK CMD node health.js
    # expect: no HEALTHCHECK
    FROM node:20-alpine
    CMD ["node", "main.js"]
    ```

    Bad, taken back:
    ```dockerfile
    FROM node:20 AS base
    HEALTHCHECK CMD node health.js
    FROM base
    # expect: NONE
    HEALTHCHECK NONE
    ```

    Bad, nobody asks:
    ```dockerfile app/Dockerfile
    # expect: no HEALTHCHECK
    FROM node:20-alpine
    CMD ["node", "main.js"]
    ```
    ```yaml compose.yaml
    services:
      app:
        build: app
        healthcheck: {disable: true}
    ```

    Good, a probe:
    ```dockerfile orders/Dockerfile
    FROM node:20-alpine
    CMD ["node", "main.js"]
    ```
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      template:
        spec:
          containers:
            - name: orders
              image: registry.example.com/orders:1.2.0
              readinessProbe: {httpGet: {path: /health, port: 3000}}
    ```

    Good, Compose:
    ```dockerfile app/Dockerfile.web
    FROM node:20-alpine
    CMD ["node", "main.js"]
    ```
    ```yaml compose.yaml
    services:
      app:
        build: {context: ./app, dockerfile: Dockerfile.web}
        healthcheck: {test: [CMD, node, health.js]}
    ```
    ```yaml compose.override.yaml
    services:
      app:
        build: {context: ./app, dockerfile: Dockerfile.web}
    ```

    Good:
    ```dockerfile
    FROM node:20 AS base
    HEALTHCHECK --interval=30s CMD node health.js
    FROM base
    CMD ["node", "main.js"]
    ```
    """
    containers = containers_of(stage.dockerfile, project)
    bare = [each for each in containers if not _is_probed(each)]
    checks = healthchecks_of(stage.dockerfile, project)
    if stage.healthcheck or (containers and not bare) or (checks and all(checks.values())):
        return
    note = (Note(bare[0], "runs it without a probe"),) if bare else ()
    last = stage.last("HEALTHCHECK")
    fix = Fix("HEALTHCHECK CMD with a program that the image holds")
    if last:
        yield Finding(last[1].node, "HEALTHCHECK NONE takes the check back", note, fix)
    else:
        yield Finding(stage, "no HEALTHCHECK in the stage that ships", note, fix)


def _is_probed(container: Container) -> bool:
    """Whether Kubernetes asks it how it is, or has no reason to."""
    written = container.node["livenessProbe"].present or container.node["readinessProbe"].present
    return written or not container.asked_for("livenessProbe")
