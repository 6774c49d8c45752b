from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Stage
from gatekeeper.rule import Answer, rule


@rule(
    "docker-workdir-absolute",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["CKV_DOCKER_10", "DS-0009", "DL3000"],
    where=lambda stage: bool(stage.instructions("WORKDIR")),
)
def workdir_absolute(stage: Stage) -> Iterator[Answer]:
    """Every WORKDIR is an absolute path.

    A relative one hangs on the WORKDIR before it, also on the base image's, so a change elsewhere moves the files.
    Variables stand for their defaults; Windows paths are absolute too.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: app is relative
    WORKDIR app
    ```

    Bad, by a default:
    ```dockerfile
    FROM node:20
    ARG HOME_DIR=srv
    # expect: srv/app is relative
    WORKDIR ${HOME_DIR}/app
    ```

    Good:
    ```dockerfile
    FROM node:20
    ARG NAME
    ENV BASE=/srv
    WORKDIR /app
    WORKDIR "/with space"
    WORKDIR $BASE/app
    WORKDIR /srv/$NAME
    WORKDIR C:\\\\app
    ```

    Unknown:
    ```dockerfile
    FROM node:20
    WORKDIR $HOME
    ```
    """
    for each in stage.instructions("WORKDIR"):
        folder = stage.expanded(each.arguments, each)
        text = folder.text if folder.known else each.arguments.text
        if not each.arguments.text or re.match(r"[\"']?([/\\]|[A-Za-z]:)", text):
            continue
        if not folder.known:
            yield Unknown(folder, "the folder cannot be told")
        else:
            yield Finding(each.arguments, f"{text[:60]} is relative", fix=Fix("write the path from / on"))
