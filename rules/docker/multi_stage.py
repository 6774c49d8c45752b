from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Command, Stage
from gatekeeper.node import regex
from gatekeeper.rule import rule

_OWN_TOOLS = regex(
    r"(?:^|[./_-])(?:dev|devel|development|devcontainer|test|tests|ci|local|debug|tilt|build|builder)(?:$|[./_-])"
)
_COMPILERS = {
    "go": ("build", "install"),
    "cargo": ("build", "install"),
    "mvn": ("package", "install", "verify", "deploy"),
    "mvnw": ("package", "install", "verify", "deploy"),
    "gradle": ("build", "assemble", "bootJar", "shadowJar", "installDist", "jar"),
    "gradlew": ("build", "assemble", "bootJar", "shadowJar", "installDist", "jar"),
    "dotnet": ("publish", "build"),
    "sbt": ("assembly", "stage", "dist"),
    "stack": ("build", "install"),
    "cabal": ("build", "install"),
    "ng": ("build",),
    "webpack": (),
    "tsc": (),
    "javac": (),
}
_SCRIPTS = frozenset({"npm", "yarn", "pnpm", "bun"})


def _compiles(command: Command) -> bool:
    words = list(command.words)
    if words[0] in ("npx", "bunx") and len(words) > 1:
        words = words[1:]
    program = words[0].rpartition("/")[2]
    rest = [word for word in words[1:] if not word.startswith("-")]
    if program in _SCRIPTS:
        script = rest[1:2] if rest[:1] in (["run"], ["run-script"]) else rest[:1]
        return script == ["build"] and (program != "npm" or rest[0] != "build")
    if program not in _COMPILERS or {"--version", "-version", "--help"} & set(words):
        return False
    if program == "go" and rest[:1] == ["install"] and any("@" in word or word == "tool" for word in rest):
        return False  # a program of somebody else's
    verbs = _COMPILERS[program]
    return not verbs or any(word.rpartition(":")[2] in verbs for word in rest[:4])


def _removed(stage: Stage, command: Command) -> bool:
    """Whether its RUN takes the tools away again, so that nothing of them is in the layer."""
    same = stage.commands_of(command.instruction)
    return any(
        (each.program == "apk" and "del" in each.words)
        or (
            each.program in ("apt-get", "apt", "yum", "dnf")
            and {"purge", "remove", "autoremove", "erase"} & set(each.words)
        )
        for each in same
    )


def _clones(stage: Stage) -> bool:
    return any(command.words[:2] == ("git", "clone") for each in stage.lineage for command in each.commands)


@rule(
    "docker-multi-stage",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=lambda stage: stage.ships and not _OWN_TOOLS.search(stage.path.lower()),
)
def multi_stage(stage: Stage) -> Iterator[Finding]:
    """What is compiled is compiled in a stage that does not ship.

    An image that holds compilers, sources and development packages is many times larger than what it runs, and every
    one of them is something to attack and to update. A RUN that removes its tools again is left alone, and so is an
    image into which no source comes (a tool is installed), and files whose name says that they are for development.

    Bad:
    ```dockerfile
    FROM golang:1.25
    COPY . .
    # expect: go build
    RUN go build -o /app .
    CMD ["/app"]
    ```

    Bad, in a stage that the one that ships is built upon:
    ```dockerfile
    FROM node:20 AS base
    RUN npm ci
    COPY . .
    # expect: npm run build
    RUN npm run build
    FROM base
    CMD ["node", "dist/main.js"]
    ```

    Good:
    ```dockerfile
    FROM node:20 AS build
    RUN npm ci && npm run build
    FROM node:20-alpine
    COPY --from=build /app/dist /app
    RUN npm ci --omit=dev && npm run migrate && go version
    ```

    Good, the tools are removed:
    ```dockerfile
    FROM alpine:3.22
    RUN apk add --virtual .build go && go build -o /app ./src && apk del .build
    ```
    """
    if not any(copy.origin is None for each in stage.lineage for copy in each.copies) and not _clones(stage):
        return
    for each in reversed(stage.lineage):
        for command in each.commands:
            if _compiles(command) and not _removed(each, command):
                words = " ".join(command.words[:3])[:60]
                yield Finding(
                    command.node,
                    f"{words} runs in the stage that ships",
                    fix=Fix("build in a stage of its own, and COPY --from it"),
                )
                return
