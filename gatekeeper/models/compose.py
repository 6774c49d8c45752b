"""Compose files to services (https://github.com/compose-spec/compose-spec): what `docker compose up` starts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.files import COMPOSE
from gatekeeper.models.image import ImageReference
from gatekeeper.node import Expression, Fault, Missing, Node, Source, regex
from gatekeeper.parsers import yaml

_EXTENDED = 10  # services that extend each other, one on top of the other
_WORDS = regex(r"[a-z]+")
_PRODUCTION = frozenset({"prod", "production", "live", "stack", "swarm", "deploy", "release"})
_DEVELOPMENT = frozenset(
    "dev development devel local test tests testing e2e ci debug devcontainer example examples sample samples demo "
    "override integration playground tutorial".split()
)
_VARIABLE = regex(r"\$(?:\{[^{}\n]{0,200}\}|[A-Za-z_])")


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The services of a Compose file, and what of it cannot be read."""
    documents = source.once(yaml.parse)
    for document in documents.nodes:
        yield from _services(document, tree)
        for path, name in tree.once(_drawn_in).get(source.path, ()):
            yield from _services(_documents(path, tree), tree, name)
    if documents.faults and "services:" in source.text:
        yield from (fault._replace(technology="compose") for fault in documents.faults)


def _services(document: Node, tree: Tree, only: str = "") -> Iterator[Service]:
    services = document["services"]
    if not services.is_mapping or document["apiVersion"].present:
        return
    for name, node in services.items():
        if node.is_mapping and only in ("", name):
            yield Service(name, _filled(node), tree)


def _drawn_in(tree: Tree) -> dict[str, list[tuple[str, str]]]:
    """What Compose files take from files that are not called like one: the path, and the service ('' for all)."""
    found: dict[str, list[tuple[str, str]]] = {}
    seen: set[tuple[str, str]] = set()
    for path in (each for paths in tree.once(_compose_files).values() for each in paths):
        for wanted in _taken(path, tree):
            if wanted not in seen and not COMPOSE.match(posixpath.basename(wanted[0]).lower()):
                seen.add(wanted)
                found.setdefault(path, []).append(wanted)
    return found


def _taken(path: str, tree: Tree) -> Iterator[tuple[str, str]]:
    document, folder = _documents(path, tree), posixpath.dirname(path)
    included = document["include"]
    for entry in included if included.is_list else ():
        named = entry["path"] if entry.is_mapping else entry
        for each in named if named.is_list else (named,):
            yield posixpath.normpath(posixpath.join(folder, _text(each))), ""
    services = document["services"]
    for _, node in services.items() if services.is_mapping else ():
        extends = node["extends"]
        if extends["file"].known and extends["file"].text:
            yield posixpath.normpath(posixpath.join(folder, extends["file"].text)), _text(extends["service"])


def _filled(node: Node) -> Node:
    """The same, with an `Expression` for each value that a variable is put into."""
    value = node.value
    if isinstance(value, str):
        if not _VARIABLE.search(value.replace("$$", "")):
            return node
        return Node(Expression(value, "is set where it is started"), node.source, node.span, node.key, node.tag)
    if isinstance(value, dict):
        inner: object = {key: _filled(child) for key, child in value.items()}
    elif isinstance(value, list):
        inner = [_filled(child) for child in value]
    else:
        return node
    return Node(inner, node.source, node.span, node.key, node.tag)


_DEFAULTS = regex(r"\$\{[A-Za-z_]\w{0,100}:?-([^{}$]{0,200})\}")
_DEFAULT = regex(r"\$\{[A-Za-z_]\w{0,100}:?-([^{}$]{1,200})\}\Z")


class Setting(NamedTuple):
    """One variable of a service's environment."""

    name: str
    value: Node


class Service(Subject):
    """A service of a Compose file."""

    technology = "compose"
    example_path = "compose.yaml"

    def __init__(self, name: str, node: Node, tree: Tree) -> None:
        super().__init__(node)
        self.service_name = name
        self.tree = tree

    @property
    def name(self) -> str:
        return f"{self.path}:{self.service_name}"

    @property
    def whole(self) -> bool:
        """Whether it says what is started; without that it is a fragment that another file's service is merged with."""
        return self["image"].present or self["build"].present

    @cached_property
    def development(self) -> bool:
        """Whether its file says of itself that it is for a developer's machine, a test or a demonstration."""
        return bool(set(_WORDS.findall(self.path.lower())) & _DEVELOPMENT) and not self.production

    @cached_property
    def production(self) -> bool:
        """Whether its file says of itself that it is for production."""
        return bool(set(_WORDS.findall(posixpath.basename(self.path).lower())) & _PRODUCTION)

    def __getitem__(self, field: str) -> Node:
        """A field: its own, else that of the service it extends, else what a file beside it adds."""
        for node in self._layers:
            if node[field].present:
                return node[field]
        return Missing(self.node, field)

    def at(self, path: str) -> Node:
        first, _, rest = path.partition(".")
        return self[first].at(rest) if rest else self[first]

    @cached_property
    def _layers(self) -> list[Node]:
        return [self.node, *self._extended(), *self._beside()]

    def _extended(self) -> Iterator[Node]:
        node, path = self.node, self.path
        for _ in range(_EXTENDED):
            extends = node["extends"]
            name = (extends["service"] if extends.is_mapping else extends).text if extends.known else ""
            file = extends["file"]
            if not name or not file.known:
                return
            if file.text:
                path = posixpath.normpath(posixpath.join(posixpath.dirname(path), file.text))
            node = _documents(path, self.tree)["services"][name]
            if not node.is_mapping:
                return
            node = _filled(node)
            yield node

    def _beside(self) -> Iterator[Node]:
        folder = posixpath.dirname(self.path)
        for path in self.tree.once(_compose_files).get(folder, ()):
            node = _documents(path, self.tree)["services"][self.service_name]
            if path != self.path and node.is_mapping and not (node["image"].present or node["build"].present):
                yield _filled(node)

    @property
    def image(self) -> Node:
        return self["image"]

    @cached_property
    def reference(self) -> ImageReference | None:
        """The image that is pulled; None where it is built or not named. Raises `Unresolved`."""
        built = self["build"].present
        return ImageReference.parse(self.image.text) if self.image.present and not built else None

    @cached_property
    def dockerfile(self) -> str:
        """The path of the Dockerfile it is built from; '' when it is not built, or from elsewhere."""
        build = self["build"]
        if not build.present or build.is_list:
            return ""
        context = build["context"] if build.is_mapping else build
        file = build["dockerfile"]
        if not (context.known and file.known) or "://" in context.text or build["dockerfile_inline"].present:
            return ""
        folder = posixpath.dirname(build.source.path)
        path = posixpath.normpath(posixpath.join(folder, context.text or ".", file.text or "Dockerfile"))
        return "" if path.startswith("../") else path

    @cached_property
    def environment(self) -> list[Setting]:
        """Its own variables: of a mapping, or of a list of `NAME=value`."""
        return _settings(self.node["environment"])

    @cached_property
    def arguments(self) -> list[Setting]:
        """What its build is given (`build.args`)."""
        build = self.node["build"]
        return _settings(build["args"]) if build.is_mapping else []

    @property
    def volumes(self) -> list[Node]:
        listed = self["volumes"]
        return list(listed) if listed.is_list else []


def _settings(given: Node) -> list[Setting]:
    if given.is_mapping:
        return [Setting(name, value) for name, value in given.items() if value.present]
    return [_setting(node) for node in (given if given.is_list else ()) if _text(node)]


def default_of(value: Node) -> str:
    """What stands where nobody sets the variable (`${VAR:-default}`); '' where nothing does."""
    found = _DEFAULT.match(value.expression.text.strip()) if value.expression else None
    return found[1] if found else ""


def with_defaults(value: Node) -> str:
    """The text as it is where nobody sets its variables (`${VAR:-default}`)."""
    return _DEFAULTS.sub(r"\1", _text(value))


def is_on(value: Node) -> bool:
    """Whether a switch is on, as Compose reads it: also the words of YAML 1.1, in quotes or not."""
    return value.known and value.text.lower() in ("true", "yes", "y", "on", "1", "t")


def _setting(node: Node) -> Setting:
    name, _, value = _text(node).partition("=")
    held: object = Expression(value, "is set where it is started") if not node.known else value
    return Setting(name, Node(held, node.source, node.span, node.key))


def _text(node: Node) -> str:
    return node.expression.text if node.expression else node.text


def _compose_files(tree: Tree) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in tree.paths:
        if COMPOSE.match(posixpath.basename(path).lower()):
            found.setdefault(posixpath.dirname(path), []).append(path)
    return found


def _documents(path: str, tree: Tree) -> Node:
    """The first document of a Compose file; nothing where it cannot be read."""
    nothing = Node(None, Source(path, ""), Source(path, "").span(0, 0))
    if path not in tree:
        return nothing
    try:
        return next(iter(tree.source(path).once(yaml.parse).nodes), nothing)
    except Unreadable:
        return nothing
