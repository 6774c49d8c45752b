"""What has to be said of an analyser before it can be run: what it reads, how it is called, what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from gatekeeper.analysers.workspace import Workspace
from gatekeeper.discover import Tree
from gatekeeper.models.evidence.facts import Scan


class Output(NamedTuple):
    """What a program left: its exit code, below 0 for the signal that ended it, and what it wrote."""

    code: int
    out: bytes
    err: bytes


class Program(Protocol):
    """What has to be known of a program to find and to run it."""

    @property
    def name(self) -> str: ...
    @property
    def packages(self) -> tuple[str, ...]: ...
    @property
    def install(self) -> str: ...
    @property
    def environment(self) -> Mapping[str, str]: ...


class Tool(NamedTuple):
    """An analyser.

    `packages` are what its distributions are called, so the environments that pipx and uv make; `install` is one way to
    get it. `reads` names the kind of file it is about. `choose` takes what it can judge out of the judged paths;
    `calls` are the arguments of each time it is run, when the files stand in `folder`; `read` makes facts of what it
    wrote and raises `Unusable`. `environment` is added to the short one that all are given. With `by_content` its
    answer depends on the files and on nothing else.
    """

    name: str
    packages: tuple[str, ...]
    install: str
    reads: str
    choose: Callable[[Tree, Sequence[str]], Workspace]
    calls: Callable[[Workspace, str], list[tuple[str, ...]]]
    read: Callable[[Sequence[Output], Workspace], Scan]
    environment: Mapping[str, str] = {}
    by_content: bool = True
