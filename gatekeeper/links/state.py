"""Where the roots of Terraform keep their state: backends, completed by the files of settings beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.links.judged import judged
from gatekeeper.models.terraform import BackendFile, Directory, Provider, values
from gatekeeper.node import Node, regex
from gatekeeper.parsers import hcl
from gatekeeper.project import Project

# What tells two states of a backend apart, with what is taken where nothing is written. A bucket's name is its own in
# the whole world. Roots that keep their workspaces in different places do not use the place that they share.
_IDENTITY: dict[str, dict[str, str | None]] = {
    "s3": {"bucket": None, "key": None, "workspace_key_prefix": "env:", "endpoint": "", "endpoints": ""},
    "gcs": {"bucket": None, "prefix": ""},
    "azurerm": {"storage_account_name": None, "container_name": None, "key": None},
    "http": {"address": None},
    "consul": {"path": None, "address": ""},
    "cos": {"bucket": None, "prefix": "", "key": "terraform.tfstate"},
    "oss": {"bucket": None, "prefix": "env:", "key": "terraform.tfstate"},
    "pg": {"conn_str": None, "schema_name": "terraform_remote_state"},
    "kubernetes": {"secret_suffix": None, "namespace": "default", "config_context": ""},
}

Identity = tuple[str | None, ...]  # None: a part that is not known


# A template, or a form: somebody puts something in before it is used.
_FILLED_IN = regex(r"[$<]|\{\{|__|(?i:\b(?:update|change|replace|your|insert|todo|fixme|my)[_-])")


class State(NamedTuple):
    """The state of one root, or of one of its environments: the backend, and the file that completes it."""

    directory: Directory
    backend: Node
    file: BackendFile | None

    @property
    def kind(self) -> str:
        return self.backend.tag

    @property
    def at(self) -> Node:
        """Where it is written: of a file the first line that says something."""
        first = next((node for _, node in self.file.node.items()), self.file.node) if self.file else None
        return self.backend if first is None else first

    @property
    def words(self) -> str:
        return f"{self.directory.name} ({self.file.path})" if self.file else self.directory.name

    def setting(self, name: str) -> Node:
        """A setting as the file has it, else as the block does."""
        if self.file and self.file.node[name].present:
            return self.file.node[name]
        return self.backend[name]

    @property
    def partial(self) -> bool:
        """It is completed when somebody runs it, by what is not here."""
        needed = [name for name, usual in _IDENTITY.get(self.kind, {}).items() if usual is None]
        return self.file is None and not all(self.backend[name].present for name in needed)

    @property
    def identity(self) -> Identity | None:
        """What tells it from others: None where two cannot be told apart by files."""
        if self.kind in ("cloud", "remote"):
            return self._of_workspace()
        parts: list[str | None] = [self.kind]
        for name, usual in _IDENTITY.get(self.kind, {}).items():
            node = self.setting(name)
            if not node.known or node.is_mapping or node.is_list or (not node.present and usual is None):
                parts.append(None)
            else:
                text = (node.text if node.present else usual or "").strip("/")
                if _FILLED_IN.search(text):
                    return None
                parts.append(text)
        return tuple(parts) if len(parts) > 1 else None

    def _of_workspace(self) -> Identity | None:
        name = self.setting("workspaces")["name"]
        if not name.present:
            return None  # tags or a prefix: which workspace is said when it is run
        host, organization = self.setting("hostname"), self.setting("organization")
        usual = ((host, "app.terraform.io"), (organization, None), (name, None))
        return ("cloud", *(node.text if node.known and node.present else other for node, other in usual))

    @property
    def unsaid(self) -> str:
        """The setting that tells it from others and is not written here."""
        names = [name for name, usual in _IDENTITY.get(self.kind, {}).items() if usual is None]
        missing = [name for name in names if not (self.setting(name).known and self.setting(name).present)]
        return " and ".join(missing) or "organization"


def states(project: Project) -> list[State]:
    """The state of every root that is somebody's infrastructure, once for each file of settings beside it."""
    return project.once("terraform states", _states)


def _states(project: Project) -> list[State]:
    found: list[State] = []
    for directory in project.all(Directory):
        backend = directory.module.backend
        if backend is None or directory.example or not directory.root:
            continue
        files = files_of(directory, project)
        found += [State(directory, backend, file) for file in files] or [State(directory, backend, None)]
    return found


def files_of(directory: Directory, project: Project) -> list[BackendFile]:
    """The files of backend settings of a directory: beside it, or below with no module between."""
    return project.once("backend files", _by_directory).get(directory.directory, [])


# Names that people give to such files beside `prod.tfbackend`: `prod.backend`, `backend-prod.hcl`, `backends/prod.hcl`.
_SETTINGS = regex(
    r"(?:.*/)?(?:[\w.-]{1,80}\.backend|backend[\w.-]{0,80}\.(?:hcl|conf|config|tfvars)|[\w.-]{1,80}[.-]backend\.(?:hcl|conf|tfvars)"
    r"|backends?(?:[_-]configs?)?/[\w.-]{1,80}\.(?:hcl|conf|config|tfvars))\Z"
)
_WANTED = frozenset(
    ("bucket", "key", "prefix", "container_name", "storage_account_name", "address", "workspaces", "path")
)


def _by_directory(project: Project) -> dict[str, list[BackendFile]]:
    found: dict[str, list[BackendFile]] = {}
    modules = {directory.directory for directory in project.all(Directory)}
    for file in (*project.all(BackendFile), *_called_otherwise(project)):
        folder = file.path.rpartition("/")[0]
        while folder and folder not in modules:
            folder = folder.rpartition("/")[0]
        found.setdefault(folder, []).append(file)
    return found


def _called_otherwise(project: Project) -> Iterator[BackendFile]:
    for path in judged(project):
        if not _SETTINGS.match(path):
            continue
        source = project.tree.source(path)
        try:
            body = source.once(hcl.parse).body
        except Unreadable:
            continue
        if not _WANTED.isdisjoint(body.attributes):
            yield BackendFile(Node(values.body(body, values.Scope()), source, source.span(0, len(source.text))), body)


def operated(directory: Directory) -> bool:
    """A root that somebody certainly runs: it keeps state somewhere, configures providers, or has files of values.

    One that only calls remote modules may be a library that others call.
    """
    module = directory.module
    return directory.root and bool(module.backend is not None or module.of(Provider) or module.variable_files)


_WRITERS = (".tpl", ".tmpl", ".tftpl", ".j2", ".template", ".sample", ".example", ".sh", ".py", ".yml", ".yaml", ".mk")
_NAMES = ("makefile", "justfile", "backend.azurerm", "backend.s3", "backend.gcs")


def backend_writer(directory: Directory, project: Project) -> str:
    """The script or template of the repository that may write the backend of a directory; '' when there is none.

    One beside it is its own; else any in a folder above it, or anywhere.
    """
    writers = project.once("backend writers", _backend_writers)
    folder = f"{directory.directory}/"
    return next((path for path in writers if path.startswith(folder)), next(iter(writers), ""))


def _backend_writers(project: Project) -> list[str]:
    paths = (path for path in judged(project) if _may_write(path.lower()))
    return [path for path in paths if 'backend "' in _text(path, project)]


def _may_write(path: str) -> bool:
    return path.endswith(_WRITERS) or path.rpartition("/")[2] in _NAMES


def _text(path: str, project: Project) -> str:
    try:
        return project.tree.source(path).text[:200_000]
    except Unreadable:
        return ""


def order(state: State, project: Project) -> int:
    """Which state of the repository it is, in the order of the files."""
    table = project.once("state order", lambda project: {id(each): at for at, each in enumerate(states(project))})
    return table[id(state)]


def sharing(state: State, project: Project) -> tuple[State | None, State | None]:
    """The first state that is certainly the same as this one, and the first that may be."""
    identity = state.identity
    if identity is None:
        return None, None
    maybe: State | None = None
    for other, parts in _alike(identity, project):
        if other is state:
            continue
        if all(mine == theirs or mine is None or theirs is None for mine, theirs in zip(identity, parts, strict=True)):
            if None not in identity and None not in parts:
                return other, None
            maybe = maybe or other
    return None, maybe


def _alike(identity: Identity, project: Project) -> list[tuple[State, Identity]]:
    """The states of that kind whose key is the same or not known, as many as are compared."""
    table = project.once("states by key", _by_key)
    kind, key = identity[0], identity[_KEY[identity[0] or ""]]
    if key is None:
        return table.get((kind,), [])[:_COMPARED]
    return [*table.get((kind, key), [])[:_COMPARED], *table.get((kind, None), [])[:_COMPARED]]


_COMPARED = 300
_KEY = {kind: list(names).index("key" if "key" in names else list(names)[-1]) + 1 for kind, names in _IDENTITY.items()}
_KEY |= {"gcs": 2, "http": 1, "consul": 1, "cos": 2, "oss": 2, "kubernetes": 1, "cloud": 3}


def _by_key(project: Project) -> dict[tuple[str | None, ...], list[tuple[State, Identity]]]:
    found: dict[tuple[str | None, ...], list[tuple[State, Identity]]] = {}
    for state in states(project):
        identity = state.identity
        if identity is not None:
            for place in ((identity[0],), (identity[0], identity[_KEY[identity[0] or ""]])):
                found.setdefault(place, []).append((state, identity))
    return found
