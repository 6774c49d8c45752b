"""package.json: its scripts, and which of them a call of npm, yarn, pnpm or bun runs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gatekeeper.discover import Unreadable
from gatekeeper.models.pipeline import tables
from gatekeeper.node import Source


def scripts_of(source: Source) -> dict[str, str]:
    """The scripts of a package.json."""
    try:
        scripts = json.loads(source.text).get("scripts", {})
        return {str(name): str(text) for name, text in scripts.items()}
    except (ValueError, AttributeError, RecursionError, Unreadable):
        return {}


def script_of(words: Sequence[str]) -> str | None:
    """The package script that an npm, yarn, pnpm or bun call runs; None for the tool's own verbs."""
    plain: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        if word in ("--prefix", "-C", "--cwd", "--dir", "--filter", "-F", "-w", "--workspace", "--project"):
            next(rest, "")
        elif word == "--":
            break
        elif not word.startswith("-"):
            plain.append(word)
    if plain[:1] == ["workspace"]:
        plain = plain[2:]
    if plain[:1] in (["run"], ["run-script"], ["rum"]):
        return plain[1] if len(plain) > 1 else None
    if not plain:
        return None
    if words[0] == "npm":
        return {"test": "test", "t": "test", "tst": "test", "start": "start", "stop": "stop"}.get(plain[0])
    if words[0] == "bun" and plain[0] in ("test", "build"):
        return None
    return None if plain[0] in tables.words("package-verbs") else plain[0]


def elsewhere(words: Sequence[str]) -> bool:
    """Whether the call names another folder or workspace than the one it runs in."""
    options = (
        "--prefix",
        "-C",
        "--cwd",
        "--dir",
        "--filter",
        "-F",
        "-w",
        "--workspace",
        "--workspaces",
        "-r",
        "--recursive",
        "-ws",
        "--project",
    )
    return (
        any(word.partition("=")[0] in options for word in words[1:])
        or "workspace" in words[1:3]
        or "workspaces" in words[1:3]
    )
