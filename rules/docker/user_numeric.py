from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Stage
from gatekeeper.rule import Answer, rule


@rule(
    "docker-user-numeric",
    gate="container-hardening",
    severity="low",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3066"],
    where=lambda stage: stage.ships and stage.user is not None,
)
def user_numeric(stage: Stage) -> Iterator[Answer]:
    """The image names its user by number.

    Kubernetes cannot tell whether a name is root: with `runAsNonRoot` and no `runAsUser` it does not start the
    container. Only the USER in force counts; root is docker-nonroot's.

    Bad:
    ```dockerfile
    FROM node:20
    USER 0
    RUN useradd -u 1001 app
    # expect: app
    USER app
    ```

    Good:
    ```dockerfile
    FROM node:20 AS build
    USER node
    FROM node:20
    ARG UID=1001
    USER $UID:app
    ```

    Unknown:
    ```dockerfile
    FROM node:20
    ARG RUN_AS
    USER $RUN_AS
    ```
    """
    user = stage.user
    assert user is not None
    if not user.known:
        yield Unknown(user.node, "who it runs as cannot be told")
    elif user.uid is None and not user.is_root:
        uid = stage.creates_user(user.name)
        hint = f"USER {uid}" if uid is not None else "the user's number"
        yield Finding(user.node, f"{user.name[:60]} is a name", fix=Fix(hint))
