from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Note, Project, Unknown
from gatekeeper.links.images import is_built
from gatekeeper.models.base_images import steps_down
from gatekeeper.models.docker import Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.node import Span
from gatekeeper.rule import Answer, Place, rule

_CREATES = frozenset({"useradd", "adduser"})


def _fix(stage: Stage) -> Fix:
    """USER with the one number that the file itself gives to a user."""
    made = {
        uid
        for each in stage.lineage
        for command in each.commands
        if command.program in _CREATES
        for word in command.words[1:]
        if (uid := stage.creates_user(word)) is not None
    }
    last = (stage.body or [stage.begin])[-1]
    if len(made) != 1 or 0 in made or last.heredocs or last.kind == "ONBUILD":
        return Fix("end the stage with USER 10001")
    span, uid = last.node.span, made.pop()
    end = Span(span.end_line, span.end_column, span.end_line, span.end_column)
    return Fix(f"USER {uid}", (Edit(Place(last.node.source, end), f"\nUSER {uid}"),), safe=False)


def _steps_down(stage: Stage) -> bool:
    """Whether the entrypoint of a database's official image, which changes to a user of its own, is kept."""
    image = stage.root_image
    return isinstance(image, ImageReference) and steps_down(image) and stage.entrypoint is None


@rule(
    "docker-nonroot",
    gate="container-hardening",
    severity="high",
    seed="4.1 Dockerfile Best Practices",
    aliases=["CKV_DOCKER_3", "DS-0002"],
    where=lambda stage, project=None: is_built(stage, project),
    fixable=True,
)
def nonroot(stage: Stage, project: Project | None = None) -> Iterator[Answer]:
    """The image runs as a user other than root.

    Whoever breaks out of a process that runs as root is root on the node. Only the stage that ships counts, with what
    it inherits from the stages and the image it is built from: a build stage may run as root. That is the last one, or
    the target that a workflow, skaffold or Compose file builds. `USER 0`, `0:0` and a variable that defaults to 0 are
    root as well. An image without USER has the user of its base image; where that is not known (a private image, say),
    so is the answer. An entrypoint that starts as root and gives it up (gosu, su-exec) is root here; those of the
    official images of databases, taken over as they are, are graded low. hadolint's DL3002 is not the same: it judges
    every stage and is silent without USER, as is CKV_DOCKER_8, which knows only the word `root`.

    Bad, no USER in the stage that ships:
    ```dockerfile
    FROM node:20 AS build
    USER node
    RUN npm ci
    # expect: no USER
    FROM node:20-alpine
    COPY --from=build /app /app
    ```

    Bad, the target that is built:
    ```dockerfile
    FROM node:20-alpine AS app
    USER node
    # expect: no USER
    FROM node:20-alpine AS worker
    FROM app AS docs
    ```
    ```yaml .github/workflows/build.yml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - uses: docker/build-push-action@v6
            with: {context: ., target: worker, push: true, tags: "example/worker:1.0"}
    ```

    Good, the last one is never built:
    ```dockerfile
    FROM node:20-alpine AS app
    USER node
    FROM app AS dev
    USER root
    ```
    ```yaml .github/workflows/build.yml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - run: docker build --target app -t example/app:1.0 .
    ```

    Bad, by number:
    ```dockerfile
    FROM alpine:3.22
    USER 1001
    # expect: USER 0:0 is root
    USER 0:0
    ```

    Bad, by a default:
    ```dockerfile
    FROM alpine:3.22
    ARG APP_UID=0
    # expect: root
    USER $APP_UID
    ```

    Bad, words in a heredoc are no instruction:
    ```dockerfile
    # expect: no USER
    FROM debian:13
    COPY <<EOF /etc/motd
    USER app
    EOF
    ```

    Bad, the empty image:
    ```dockerfile
    # expect: no USER
    FROM scratch
    COPY app /app
    ENTRYPOINT ["/app"]
    ```

    Bad, a user with root's number:
    ```dockerfile
    FROM debian:13
    RUN useradd -o -u 0 admin
    # expect: admin is root
    USER admin
    ```

    Bad, back to root at the end:
    ```dockerfile
    FROM nginxinc/nginx-unprivileged:1.29
    # expect: USER root
    USER root
    ```

    Good:
    ```dockerfile
    FROM golang:1.25 AS build
    USER root
    RUN go build -o /app .
    FROM alpine:3.22
    RUN adduser -S -u 1001 app
    USER app
    ```

    Good, inherited from a stage:
    ```dockerfile
    FROM node:20 AS base
    USER node
    FROM golang:1.25 AS tools
    USER root
    FROM base AS final
    CMD ["node", "main.js"]
    ```

    Good, inherited from the base image:
    ```dockerfile
    FROM golang:1.25 AS build
    RUN go build -o /app .
    FROM gcr.io/distroless/static-debian12:nonroot
    COPY --from=build /app /app
    ```

    Unknown, nobody here knows that image:
    ```dockerfile
    FROM registry.example.com/base:1.4
    CMD ["app"]
    ```

    Unknown, given at build time:
    ```dockerfile
    FROM alpine:3.22
    ARG RUN_AS
    USER $RUN_AS
    ```
    """
    runs = stage.runs_as
    if runs.kind == "unknown":
        yield Unknown(runs.at, f"who it runs as cannot be told: {runs.why}")
    if runs.kind != "root":
        return
    if stage.user is None:
        note = () if stage.lineage[-1] is stage else (Note(stage.lineage[-1], "the image it is built from"),)
        words = "no USER in the stage that ships: it runs as root"
        yield Finding(stage, words, note, _fix(stage), severity="low" if _steps_down(stage) else None)
    else:
        yield Finding(runs.at, f"{runs.why} is root", fix=Fix("name a user that is not root, by number"))
