from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.base_images import lacks
from gatekeeper.models.docker import Command, Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_TOOLS = frozenset({"curl", "wget"})
# Programs after which nothing is certain: what they run may install anything.
_INSTALLERS = regex(
    r"(?:make|ansible.*|playwright|install.*|nix.*|brew|conda|mamba|apt|apt-get|apk|yum|dnf|microdnf|rpm|dpkg|zypper)\Z"
)


def _wanted(stage: Stage) -> list[Command]:
    return [command for command in stage.health_commands if command.program in _TOOLS]


def _mentions(stage: Stage, tool: str) -> bool:
    """Whether anything in its lineage names the tool, other than a HEALTHCHECK: then it may well be there."""
    return any(tool in each.node.text or any(tool in h.body.text for h in each.heredocs) for s in stage.lineage
               for each in s.body if each.kind in ("RUN", "COPY", "ADD"))  # fmt: skip


def _may_bring(stage: Stage) -> bool:
    """Whether a RUN may bring a program that it does not name: a script, or packages with what they depend on."""
    for each in stage.lineage:
        if any(script.parsed.why for script in each.scripts):
            return True
        for command in each.commands:
            if _INSTALLERS.match(command.program) or command.words[0].startswith(("./", "/tmp", "$")):  # noqa: S108  # a script that is run, no file of ours
                return True
        if any(
            "/" in command.words[0] and not command.words[0].startswith(("/bin/", "/usr/")) for command in each.commands
        ):
            return True
    return False


@rule(
    "docker-healthcheck-tool",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=lambda stage: stage.ships and bool(_wanted(stage)),
)
def healthcheck_tool(stage: Stage) -> Iterator[Answer]:
    """The program that HEALTHCHECK calls is in the image.

    Debian's and Ubuntu's images, the slim ones built upon them, distroless and `scratch` have neither curl nor wget;
    Alpine has busybox's wget and no curl. The check then fails for ever, and the container is unhealthy while it
    works. A RUN or COPY that names the tool counts as bringing it; where packages are installed that may depend on it,
    or the base image is not known, the answer is not known either.

    Bad:
    ```dockerfile
    FROM python:3.13-slim
    RUN pip install flask==3.1
    # expect: curl
    HEALTHCHECK CMD curl -f http://localhost:8000/ || exit 1
    ```

    Bad, no shell and no tools:
    ```dockerfile
    FROM golang:1.25 AS build
    RUN apt-get install -y curl
    FROM gcr.io/distroless/static-debian12:nonroot
    COPY --from=build /app /app
    # expect: wget
    HEALTHCHECK CMD ["wget", "-q", "--spider", "http://localhost:8080/"]
    ```

    Good:
    ```dockerfile
    FROM node:20-alpine
    HEALTHCHECK CMD wget -q --spider http://localhost:3000/ || exit 1
    ```

    Good, installed:
    ```dockerfile
    FROM python:3.13-slim
    RUN apt-get update && apt-get install -y curl
    HEALTHCHECK CMD curl -f http://localhost:8000/ || exit 1
    ```

    Good, copied:
    ```dockerfile
    FROM busybox:1.37 AS tools
    FROM gcr.io/distroless/static-debian12:nonroot
    COPY --from=tools /bin/wget /bin/wget
    HEALTHCHECK CMD ["/bin/wget", "-q", "--spider", "http://localhost:8080/"]
    ```

    Unknown:
    ```dockerfile
    FROM registry.example.com/base:1
    HEALTHCHECK CMD curl -f http://localhost:8000/
    ```
    """
    image = stage.root_image
    for command in _wanted(stage):
        tool = command.program
        if _mentions(stage, tool):
            continue
        missing = lacks(image, tool) if isinstance(image, ImageReference) else None
        if missing is None or (missing and _may_bring(stage)):
            yield Unknown(command.node, f"whether the image has {tool} cannot be told")
        elif missing:
            yield Finding(
                command.node,
                f"{tool} is not in the image",
                fix=Fix(f"install {tool}, or check with the program itself"),
            )
