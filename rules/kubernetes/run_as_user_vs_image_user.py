from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import dockerfile_of, unsettled
from gatekeeper.models.docker import Stage
from gatekeeper.models.kubernetes import Container
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule


def _comparable(container: Container, project: Project) -> bool:
    """Whether the manifest names a user, and the image, which is built here, gives files to its own."""
    if not container.asked_for("runAsUser") or not container.security("runAsUser").present:
        return False
    link = dockerfile_of(container, project)
    if link is None or not link.certain or link.stage.runs_as.kind != "nonroot":
        return False
    return link.stage.runs_as.uid is not None and _given(link.stage) is not None


def _given(stage: Stage) -> Node | None:
    """Where the image's files are given to the user that it runs as."""
    runs_as = stage.runs_as
    names = {str(runs_as.uid), runs_as.name} - {""}
    for each in stage.lineage:
        for instruction in (*each.instructions("COPY"), *each.instructions("ADD")):
            flag = instruction.flag("chown")
            if flag is not None and flag.known and flag.text.partition(":")[0] in names:
                return flag
        for command in each.commands:
            if command.program == "chown" and any(word.partition(":")[0] in names for word in command.words[1:]):
                return command.node
    return None


@rule(
    "k8s-run-as-user-vs-image-user",
    gate="container-hardening",
    severity="low",
    seed="7. Security Checklist, Non-root containers",
    where=_comparable,
)
def run_as_user_vs_image_user(container: Container, project: Project) -> Iterator[Answer]:
    """A container runs as the user that its image gives its files to.

    The Dockerfile gives files to one uid (`COPY --chown`, `chown`), and `runAsUser` runs the process as another: what
    only the first may read or write is closed to it. Judged are containers with a `runAsUser` whose image is certainly
    built here, runs as a user with a known uid, and gives files to that user.

    Bad:
    ```dockerfile orders/Dockerfile
    FROM node:20-alpine
    RUN adduser -S app -u 1001
    COPY --chown=app:nogroup . /app
    USER app
    ```
    ```yaml k8s/orders.yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: orders}
    spec:
      securityContext:
        # expect: its files belong to 1001
        runAsUser: 1000
      containers: [{name: orders, image: "acme/orders:1.2.0"}]
    ```

    Good:
    ```dockerfile orders/Dockerfile
    FROM node:20-alpine
    RUN adduser -S app -u 1001
    COPY --chown=1001 . /app
    USER 1001
    ```
    ```yaml k8s/orders.yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: orders}
    spec:
      securityContext: {runAsUser: 1001}
      containers: [{name: orders, image: "acme/orders:1.2.0"}]
    ```
    """
    link = dockerfile_of(container, project)
    assert link
    user, own = container.security("runAsUser"), link.stage.runs_as.uid
    if user.number == own:
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(user, f"{patch.path} may patch runAsUser")
        return
    given = _given(link.stage)
    see = (Note(given, f"gives files to {own}"),) if given else ()
    yield Finding(user, f"{container.container_name} runs as {user.text}, its files belong to {own}", see)
