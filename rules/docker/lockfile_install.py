from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Command, Stage
from gatekeeper.rule import rule

_WITH_VALUE = frozenset(  # options whose value is a word of its own
    {"--omit", "--only", "--include", "--registry", "--loglevel", "--cache", "--network-timeout", "--extra", "--group"}
)
_PYTHON_LOCKS = ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml")


class _Install(NamedTuple):
    """An install of the packages of a manifest, its lock file in the repository, and whether it keeps to that."""

    command: Command
    lock: str
    exact: bool
    remedy: str


def _npm(stage: Stage, command: Command) -> _Install | None:
    verb, named = _verb(command)
    if verb not in ("install", "i", "ci", "clean-install", "add") or named or _elsewhere(command):
        return None
    lock = _lock(stage, "package.json", ("package-lock.json", "npm-shrinkwrap.json"))
    return _Install(command, lock, verb in ("ci", "clean-install"), "npm ci") if lock else None


def _yarn(stage: Stage, command: Command) -> _Install | None:
    verb, named = _verb(command)
    if (
        verb not in ("", "install")
        or named
        or _elsewhere(command)
        or {"--version", "-v", "--help"} & set(command.words)
    ):
        return None
    lock = _lock(stage, "package.json", ("yarn.lock",))
    exact = _has(command, "--frozen-lockfile", "--immutable") or _says(stage, command, "YARN_ENABLE_IMMUTABLE_INSTALLS")
    return (
        _Install(command, lock, exact, "yarn install --frozen-lockfile (--immutable from yarn 2 on)") if lock else None
    )


def _pnpm(stage: Stage, command: Command) -> _Install | None:
    verb, named = _verb(command)
    if verb not in ("install", "i", "ci") or named or _elsewhere(command):
        return None
    lock = _lock(stage, "package.json", ("pnpm-lock.yaml",))
    exact = verb == "ci" or _has(command, "--frozen-lockfile") or _says(stage, command, "CI")
    return _Install(command, lock, exact, "pnpm install --frozen-lockfile") if lock else None


def _uv(stage: Stage, command: Command) -> _Install | None:
    verb, _ = _verb(command)
    if verb != "sync" or _elsewhere(command):
        return None
    lock = _lock(stage, "pyproject.toml", ("uv.lock",))
    exact = (
        _has(command, "--frozen", "--locked")
        or _says(stage, command, "UV_FROZEN")
        or _says(stage, command, "UV_LOCKED")
    )
    return _Install(command, lock, exact, "uv sync --locked") if lock else None


def _pip(stage: Stage, command: Command) -> _Install | None:
    words = list(command.words)
    if "install" not in words:
        return None
    named = next((after for word, after in pairwise(words) if word in ("-r", "--requirement")), "")
    manifest = stage.manifest(posixpath.basename(named)) if named else None
    if not manifest:
        return None
    locks = (posixpath.join(posixpath.dirname(manifest), lock) for lock in _PYTHON_LOCKS)
    lock = next((path for path in locks if path in stage.dockerfile.tree), "")
    text = stage.dockerfile.text_of(manifest) or ""
    exact = "--require-hashes" in words or "--hash=" in text
    if "--hash=" in text and not lock:
        lock = manifest
    return _Install(command, lock, exact, "requirements with hashes, exported from the lock file") if lock else None


_INSTALLERS: dict[str, Callable[[Stage, Command], _Install | None]] = {
    "npm": _npm, "yarn": _yarn, "pnpm": _pnpm, "uv": _uv, "pip": _pip, "pip3": _pip,
}  # fmt: skip


def _verb(command: Command) -> tuple[str, bool]:
    """The subcommand, and whether packages are named after it."""
    plain = [word for before, word in pairwise(command.words) if not word.startswith("-") and before not in _WITH_VALUE]
    return (plain[0], len(plain) > 1) if plain else ("", False)


def _has(command: Command, *options: str) -> bool:
    return any(word.partition("=")[0] in options and not word.endswith("=false") for word in command.words)


def _elsewhere(command: Command) -> bool:
    """Whether it installs for the whole system, or into a folder named on its line."""
    return _has(command, "-g", "--global", "--prefix", "-C", "--cwd", "--dir", "--directory", "--project")


def _says(stage: Stage, command: Command, name: str) -> bool:
    """Whether a variable is switched on for the command, by ENV or in front of it."""
    value = stage.env.get(name)
    inline = next((word.partition("=")[2] for word in command.env if word.startswith(f"{name}=")), "")
    return (inline or (value.text if value is not None and value.known else "")).lower() in ("1", "true", "yes")


def _lock(stage: Stage, manifest: str, locks: tuple[str, ...]) -> str:
    """The lock file beside the manifest that the stage copies in; '' when there is none."""
    path = stage.manifest(manifest)
    folder = posixpath.dirname(path) if path else ""
    beside = (posixpath.join(folder, lock) for lock in locks) if path else ()
    return next((lock for lock in beside if lock in stage.dockerfile.tree), "")


def _installs(stage: Stage) -> list[_Install]:
    found: list[_Install] = []
    moved = None  # the RUN in which a `cd` leads to some other folder
    for command in stage.commands:
        if command.program == "cd" and not (len(command.words) > 1 and command.words[1].startswith("/")):
            moved = command.instruction
        if command.program.startswith("python") and command.words[1:3] == ("-m", "pip"):
            command = command._replace(words=command.words[2:])
        installer = _INSTALLERS.get(command.program)
        install = installer(stage, command) if installer and command.instruction is not moved else None
        if install:
            found.append(install)
    return found


@rule(
    "docker-lockfile-install",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=lambda stage: bool(_installs(stage)),
)
def lockfile_install(stage: Stage) -> Iterator[Finding]:
    """Packages are installed exactly as the lock file says.

    `npm install`, and its like in other languages, may resolve anew: what is built today was not tested yesterday, and
    a taken-over package comes in without a commit. Judged where the lock file lies in the repository beside the
    manifest. Installs of named packages, for the whole system or into another folder are not judged. pip is asked for
    hashes where a lock file lies beside its requirements.

    Bad:
    ```dockerfile
    FROM node:20
    COPY package*.json ./
    # expect: package-lock.json
    RUN apk add git && npm install --omit dev
    ```
    ```json package.json
    {}
    ```
    ```json package-lock.json
    {}
    ```

    Bad, in a folder:
    ```dockerfile
    FROM node:20
    COPY web/package.json web/yarn.lock ./
    RUN <<EOF
    set -e
    # expect: web/yarn.lock
    yarn --production
    EOF
    ```
    ```json web/package.json
    {}
    ```
    ```text web/yarn.lock
    ```

    Bad, pip beside a lock file:
    ```dockerfile
    FROM python:3.13
    COPY requirements.txt .
    # expect: poetry.lock
    RUN python3 -m pip install --no-cache-dir -r requirements.txt
    ```
    ```text requirements.txt
    flask
    ```
    ```text poetry.lock
    ```

    Good:
    ```dockerfile
    FROM node:20
    COPY package*.json ./
    RUN npm install -g pnpm && npm install typescript@5 && npm ci
    ```
    ```json package.json
    {}
    ```
    ```json package-lock.json
    {}
    ```

    Good, hashes:
    ```dockerfile
    FROM python:3.13
    COPY requirements.txt .
    RUN pip install -r requirements.txt
    ```
    ```text requirements.txt
    flask==3.1.0 --hash=sha256:5f873c5184c897c8d9d1b05df1e3d01b14910ce69607a117bd3277098a5836ac
    ```

    Good, switched on by ENV:
    ```dockerfile
    FROM ghcr.io/astral-sh/uv:0.8
    ENV UV_LOCKED=1
    RUN uv sync --no-dev
    ```
    ```toml pyproject.toml
    ```
    ```text uv.lock
    ```
    """
    for install in _installs(stage):
        if not install.exact:
            yield Finding(install.command.node, f"does not keep to {install.lock}", fix=Fix(install.remedy))
