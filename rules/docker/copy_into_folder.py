from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Copy, Stage
from gatekeeper.rule import Answer, rule


def _target(copy: Copy) -> str:
    return copy.instruction.words[-1].text.strip("\"'")


def _several(copy: Copy) -> bool:
    return len(copy.instruction.words) > 2


@rule(
    "docker-copy-into-folder",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DS-0011", "DL3021"],
    where=lambda stage: any(_several(copy) for copy in stage.copies),
)
def copy_into_folder(stage: Stage) -> Iterator[Answer]:
    """What takes several files names its target as a folder, with a slash at its end.

    Without the slash the build stops: several files cannot become one.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: /app
    COPY package.json yarn.lock /app
    ```

    Bad, the JSON form and ADD:
    ```dockerfile
    FROM node:20
    # expect: /srv
    ADD ["a b", "c", "/srv"]
    ```

    Good:
    ```dockerfile
    FROM node:20
    ENV APP=/app/
    COPY package.json yarn.lock ./
    COPY package.json yarn.lock .
    COPY package.json yarn.lock $APP
    COPY a b C:\\\\app\\\\
    COPY src /app
    ```

    Unknown:
    ```dockerfile
    FROM node:20
    ARG APP
    COPY a b $APP
    ```
    """
    for copy in stage.copies:
        if not _several(copy):
            continue
        target = stage.expanded(copy.instruction.words[-1], copy.instruction)
        written = _target(copy)
        if written.endswith(("/", "\\", "/.", "/..")) or written in (".", ".."):
            continue
        if not target.known:
            yield Unknown(target, "whether the target is a folder cannot be told")
        elif not target.text.endswith(("/", "\\")) and target.text not in (".", ".."):
            message = f"several files into {target.text[:60]}, which is no folder without a slash at its end"
            yield Finding(copy.instruction.words[-1], message, fix=Fix("end the target with /"))
