from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from gatekeeper import Finding, Fix, Note, Unknown
from gatekeeper.models import shell
from gatekeeper.models.docker import Command, Stage
from gatekeeper.rule import Answer, rule

_MANAGERS = frozenset({"npm", "yarn", "pnpm"})
_INSTALLS = frozenset({"ci", "install", "i", "clean-install"})
_WITH_VALUE = frozenset({"--omit", "--only", "--include"})
_PACKAGES = {  # the package that brings a program of another name
    "babel": "@babel/cli",
    "nest": "@nestjs/cli",
    "ng": "@angular/cli",
    "react-router": "@react-router/dev",
    "svelte-kit": "@sveltejs/kit",
    "swc": "@swc/cli",
    "tsc": "typescript",
    "vue-cli-service": "@vue/cli-service",
    "webpack": "webpack-cli",
}
_OF_THE_SYSTEM = frozenset(
    {
        "node",
        "sh",
        "bash",
        "cp",
        "mv",
        "rm",
        "mkdir",
        "echo",
        "cat",
        "cd",
        "chmod",
        "ls",
        "test",
        "[",
        "true",
        "set",
        "export",
    }
)
_WRAPPERS = frozenset({"npx", "cross-env", "cross-env-shell", "dotenv", "env"})


class _Build(NamedTuple):
    """A script that is run after an install without development dependencies."""

    command: Command
    script: str
    install: Command


def _builds(stage: Stage) -> Iterator[_Build]:
    lean: Command | None = None
    for command in stage.commands:
        if command.program not in _MANAGERS:
            continue
        pairs = pairwise(command.words)
        words = [word for before, word in pairs if not word.startswith("-") and before not in _WITH_VALUE]
        verb = words[0] if words else "install"
        if verb in _INSTALLS and len(words) < 2:
            lean = command if _leaves_out(stage, command) else None
        elif lean:
            script = words[1] if verb in ("run", "run-script") and len(words) > 1 else verb
            if script.startswith("build") and (verb != "build" or command.program != "npm"):
                yield _Build(command, script, lean)


def _leaves_out(stage: Stage, command: Command) -> bool:
    """Whether an install leaves the development dependencies out."""
    words = list(command.words)
    omitted = {after for word, after in pairwise(words) if word in ("--omit", "--only")}
    if {"--include=dev", "--production=false", "--prod=false"} & set(words):
        return False
    asked = {"--only=production", "--only=prod", "--omit=dev", "--production", "--production=true", "--prod", "-P"}
    if asked & set(words) or {"dev", "production", "prod"} & omitted:
        return True
    inline = next((word.partition("=")[2] for word in command.env if word.startswith("NODE_ENV=")), "")
    return (inline or stage.variable("NODE_ENV", command.instruction)) == "production"


@rule(
    "docker-build-without-dev-deps",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=lambda stage: any(_builds(stage)),
)
def build_without_dev_deps(stage: Stage) -> Iterator[Answer]:
    """The tools that a build needs are installed before it runs.

    `npm ci --only=production` (or `--omit=dev`, or NODE_ENV=production) leaves out devDependencies, and that is where
    compilers and bundlers usually stand: `npm run build` after it, in the same stage, then fails or takes a program
    that happens to lie around. Judged by the script in package.json; where that cannot be read the answer is not known.

    Bad:
    ```dockerfile
    FROM node:20 AS build
    COPY package*.json ./
    RUN npm ci --omit dev
    COPY . .
    # expect: nest
    RUN npm run build
    ```
    ```json package.json
    {"scripts": {"prebuild": "rm -rf dist", "build": "nest build"}, "devDependencies": {"@nestjs/cli": "^11.0.0"}}
    ```

    Bad, by NODE_ENV and through another script:
    ```dockerfile
    FROM node:20
    ENV NODE_ENV=production
    # expect: tsc
    RUN yarn install --frozen-lockfile && yarn build
    ```
    ```json package.json
    {"scripts": {"build": "yarn compile", "compile": "cross-env X=1 tsc -p ."}, "devDependencies": {"typescript": "^5"}}
    ```

    Good, the tool is a dependency:
    ```dockerfile
    FROM node:20
    RUN npm ci --omit=dev && npm run build
    ```
    ```json package.json
    {"scripts": {"build": "tsc -p . && node copy.js"}, "dependencies": {"typescript": "^5"}}
    ```

    Good, everything is installed for the build, another stage leaves it out:
    ```dockerfile
    FROM node:20 AS build
    RUN npm ci --omit=dev && npm ci --include=dev && npm run build
    FROM node:20 AS check
    RUN npm ci --omit=dev && npm run build:info
    ```
    ```json package.json
    {"scripts": {"build": "tsc", "build:info": "node info.js"}, "devDependencies": {"typescript": "^5"}}
    ```

    Unknown, no package.json here:
    ```dockerfile
    FROM node:20
    RUN npm ci --only=production
    RUN npm run build
    ```
    """
    path = stage.manifest("package.json")
    package = _object(stage.dockerfile.text_of(path) if path else None)
    for build in _builds(stage):
        note = (Note(build.install.node, "installs without devDependencies"),)
        programs = list(_programs(package, build.script))
        missing = [program for program in programs if _stands_in(package, "devDependencies", program)]
        missing = [program for program in missing if not _stands_in(package, "dependencies", program)]
        if missing:
            message = f"{build.script} needs {missing[0][:40]}, which is among the devDependencies"
            yield Finding(
                build.command.node, message, note, Fix("install everything here; leave it out where it ships")
            )
        elif not programs or not all(_comes_along(package, program) for program in programs):
            yield Unknown(build.command.node, f"what {build.script[:40]} needs cannot be told from a package.json")


def _object(text: str | None) -> dict[str, object]:
    try:
        read = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _programs(package: dict[str, object], script: str) -> Iterator[str]:
    """The programs that a script runs, also through other scripts of the package."""
    scripts = package.get("scripts")
    if not isinstance(scripts, dict):
        return
    waiting = [f"pre{script}", script, f"post{script}"]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        text = scripts.get(name)
        if name in seen or not isinstance(text, str):
            continue
        seen.add(name)
        for command in shell.commands(text):
            words = [word for word in command.words if "=" not in word and not word.startswith("-")]
            while words and words[0] in _WRAPPERS:
                yield from (words[0],) if words[0].startswith("cross-env") else ()
                words = words[1:]
            if len(words) > 1 and words[0] in _MANAGERS:
                waiting.append(words[2] if words[1] in ("run", "run-script") and len(words) > 2 else words[1])
            elif words:
                yield words[0]


def _stands_in(package: dict[str, object], group: str, program: str) -> bool:
    names = package.get(group)
    return isinstance(names, dict) and bool({program, _PACKAGES.get(program, program)} & set(names))


def _comes_along(package: dict[str, object], program: str) -> bool:
    return program in _OF_THE_SYSTEM or _stands_in(package, "dependencies", program)
