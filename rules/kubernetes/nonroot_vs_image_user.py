from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import dockerfile_of, unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.editing import setting
from gatekeeper.rule import Answer, Edit, Place, Reason, rule


def _demands_nonroot(container: Container, project: Project) -> bool:
    """Whether the kubelet has to check the image's user, and the image is built here."""
    if container.security("runAsNonRoot") != True or container.security("runAsUser").present:  # noqa: E712  # a node
        return False
    link = dockerfile_of(container, project)
    return link is not None and link.certain


@rule(
    "k8s-nonroot-vs-image-user",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    where=_demands_nonroot,
)
def nonroot_vs_image_user(container: Container, project: Project) -> Iterator[Answer]:
    """An image that must not run as root names its user by number.

    With `runAsNonRoot: true` and no `runAsUser` the kubelet checks the user that the image names. It cannot look up a
    name, so it refuses to start the container (CreateContainerConfigError: "image has non-numeric user"), also when
    that user is not root; and it refuses an image that runs as root. Each file is right by itself, so no tool that
    reads one of them sees it, and it shows when the pod is created.

    Judged are containers whose image is certainly built from a Dockerfile of this repository: a compose file,
    skaffold or a build step says so, or their names agree. The user is that of the stage that ships, inherited
    through `FROM stage`.

    Bad, the user is a name:
    ```dockerfile order-service/Dockerfile
    FROM node:20-alpine AS runner
    RUN addgroup -g 1001 -S nodejs && adduser -S nestjs -u 1001
    USER nestjs
    CMD ["node", "dist/main.js"]
    ```
    ```yaml k8s/order-service.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: order-service}
    spec:
      template:
        spec:
          securityContext:
            # expect: cannot be checked
            runAsNonRoot: true
          containers: [{name: order-service, image: "ghcr.io/acme/order-service:1.4.2"}]
    ```

    Bad, the image runs as root:
    ```dockerfile src/worker/Dockerfile
    FROM python:3.12-slim
    CMD ["python", "-m", "worker"]
    ```
    ```yaml k8s/worker.yaml
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report}
    spec:
      jobTemplate:
        spec:
          template:
            spec:
              containers:
                - name: report
                  image: worker:2.0.0
                  # expect: runs as root
                  securityContext: {runAsNonRoot: true}
    ```

    Good:
    ```dockerfile order-service/Dockerfile
    FROM node:20-alpine
    RUN adduser -S nestjs -u 1001
    USER 1001
    ```
    ```yaml k8s/order-service.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: order-service}
    spec:
      template:
        spec:
          securityContext: {runAsNonRoot: true}
          containers: [{name: order-service, image: "order-service:1.4.2"}]
    ```

    Good, the base image names a number:
    ```dockerfile order-service/Dockerfile
    FROM gcr.io/distroless/nodejs20-debian12:nonroot
    COPY dist /app
    ```
    ```yaml k8s/order-service.yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: order-service}
    spec:
      containers: [{name: order-service, image: "order-service:1.4.2", securityContext: {runAsNonRoot: true}}]
    ```

    Unknown, a base nobody knows:
    ```dockerfile order-service/Dockerfile
    FROM registry.acme.example/base/node:20
    COPY dist /app
    ```
    ```yaml k8s/order-service.yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: order-service}
    spec:
      containers: [{name: order-service, image: "order-service:1.4.2", securityContext: {runAsNonRoot: true}}]
    ```
    """
    link = dockerfile_of(container, project)
    assert link
    runs_as = link.stage.runs_as
    at = container.security("runAsNonRoot")
    if runs_as.kind == "nonroot" and runs_as.numeric:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(at, f"{patch.path} may patch runAsUser")
    elif runs_as.kind == "root":
        words = f"the kubelet refuses to start {container.container_name}: its image runs as root"
        see = (Note(runs_as.at, f"{runs_as.why}: this is root"),)
        yield Finding(at, words, see, Fix("create a user in the Dockerfile and end it with USER and its number"))
    elif runs_as.kind == "nonroot" and runs_as.numeric is False:
        words = (
            f"the kubelet refuses {container.container_name}: user {runs_as.name!r} is no number and cannot be checked"
        )
        number = f"{runs_as.uid}" if runs_as.uid is not None else "the number that its uid has"
        words_of_fix = f"write USER {number} in {link.dockerfile.path}, or set runAsUser: {number} here"
        fix = Fix(words_of_fix, _names_user(container, runs_as.uid))
        yield Finding(at, words, (Note(runs_as.at, "a name; runAsNonRoot needs a number"),), fix)
    else:
        why = runs_as.why or "its user is not known"
        yield Unknown(at, f"{link.dockerfile.path}: {why}", Reason.UNRESOLVED)


def _names_user(container: Container, uid: int | None) -> tuple[Edit, ...]:
    """The uid that the image runs as anyway, written beside the demand; on the container where others share the pod."""
    if uid is None:
        return ()
    own = container.node["securityContext"]["runAsNonRoot"].present
    alone = len(container.workload.containers) == 1
    home = container.node if own or not alone else container.workload.pod
    change = setting(home, ("securityContext", "runAsUser"), str(uid))
    return (Edit(Place(change.source, change.span), change.text),) if change else ()
