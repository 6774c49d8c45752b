from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.models.credentials import is_credential, named_like_a_credential
from gatekeeper.models.docker import UNSET, Dockerfile
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

# What stands in for a value until the container is started: a default of the image, and no credential of anybody's.
_DEFAULT = regex(
    r"(?:[0-9]|fake|dummy.*|change[-_ ]?(?:it|me|this).*|.*(?:placeholder|change[-_]?me|example).*|\{.*\})\Z",
    re.IGNORECASE | re.DOTALL,
)


@rule(
    "docker-secret-in-arg-env",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    aliases=["DS-0031"],
)
def secret_in_arg_env(dockerfile: Dockerfile) -> Iterator[Answer]:
    """No credential is handed to the image through ENV or ARG.

    ENV stands in the image's configuration and ARG in its history: whoever can pull the image reads both, and what is
    written here is in the repository as well. A value written in the file is a fault in every stage. One that comes
    with the build is a fault in the stage that ships and those it inherits from. Judged by name and value: names that
    end in _FILE, _PATH, _NAME, _URL and the like, empty values, switches, paths and placeholders are left alone.
    hadolint's DL3064 also counts user names.

    Bad, written in the file:
    ```dockerfile
    FROM node:20 AS build
    # expect: NPM_TOKEN
    ARG NPM_TOKEN=npm_0a1b2c3d4e5f
    RUN npm ci
    FROM node:20-alpine
    # expect: DB_PASSWORD
    ENV PORT=3000 DB_PASSWORD="hunter2hunter2"
    ```

    Bad, from the build into the image:
    ```dockerfile
    FROM node:20-alpine
    # expect: githubToken
    ARG githubToken
    # expect: SSH_PRIVATE_KEY
    ARG SSH_PRIVATE_KEY=""
    # expect: GITHUB_TOKEN
    ENV GITHUB_TOKEN=$githubToken
    ```

    Bad, the old form of ENV:
    ```dockerfile
    FROM node:20-alpine
    # expect: PGPASSWORD
    ENV PGPASSWORD=postgres1
    # expect: AWS_SECRET_ACCESS_KEY
    ENV AWS_SECRET_ACCESS_KEY wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzKEY
    ```

    Unknown, the base image may set it:
    ```dockerfile
    FROM node:20-alpine
    ENV SECRET_KEY=$SECRET_KEY
    ```

    Good:
    ```dockerfile
    FROM node:20 AS build
    ARG NPM_TOKEN
    RUN --mount=type=secret,id=npm NPM_TOKEN=$(cat /run/secrets/npm) npm ci
    FROM node:20-alpine
    ENV DB_PASSWORD_FILE=/run/secrets/db \\
        TOKEN_URL=https://login.example.com/token \\
        ACCESS_TOKEN_EXPIRE_MINUTES=30 MAX_TOKENS=4096 TOKENIZERS_PARALLELISM=false \\
        SECRET_KEY_BASE_DUMMY=1 GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D \\
        JWT_PUBLIC_KEY=MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE API_TOKEN="" DB_PASSWORD=changeme
    ```
    """
    for stage in dockerfile.stages:
        shipped = stage in dockerfile.final.lineage
        for instruction in stage.body:
            if instruction.kind in ("ENV", "ARG"):
                for pair in instruction.pairs:
                    if named_like_a_credential(pair.name):
                        value = None if pair.value is None else stage.expanded(pair.value, instruction)
                        yield from _judged(instruction.kind, pair.name, pair.at, pair.value, value, shipped)
    yield from _before_from(dockerfile)


def _before_from(dockerfile: Dockerfile) -> Iterator[Answer]:
    for instruction in dockerfile.instructions:
        if instruction.kind == "FROM":
            return
        for pair in instruction.pairs:
            if instruction.kind == "ARG" and named_like_a_credential(pair.name):
                yield from _judged("ARG", pair.name, pair.at, pair.value, pair.value, False)


def _judged(
    kind: str, name: str, at: Node, written: Node | None, value: Node | None, shipped: bool
) -> Iterator[Answer]:
    fix = Fix("RUN --mount=type=secret while building; hand it to the container when it starts")
    literal = (
        written is not None and "$" not in written.text and (kind == "ENV" or written.text not in ("", '""', "''"))
    )
    if literal and value is not None and value.known:
        if is_credential(name, value.text) and not _DEFAULT.match(value.text):
            yield Finding(at, f"{kind} {name[:60]} has a credential written in the file", fix=fix)
    elif value is not None and value.expression and value.expression.reason == UNSET:
        yield Unknown(at, f"nothing in this file sets what {name[:60]} is given")
    elif shipped and (kind == "ARG" or (value is not None and (not value.known or value.text))):
        where = "the image's history" if kind == "ARG" else "the image's configuration"
        yield Finding(at, f"{kind} {name[:60]} puts a credential into {where}", fix=fix)
