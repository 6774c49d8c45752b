"""Terraform and OpenTofu: every block of a directory, evaluated as far as its files say what it comes to.

The files of a directory are one module. Variables have the value that a root's variable files or the module's callers
give them, else their default; a value that differs from one environment or caller to the next is not known.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple, TypeVar

from gatekeeper.discover import TEST_DATA, VENDORED, Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.terraform import values
from gatekeeper.models.terraform.json_syntax import attributes_of_json, body_of_json
from gatekeeper.node import START, Expression, Fault, Node, Source, Span, Unresolved
from gatekeeper.parsers import hcl, json
from gatekeeper.parsers.hcl import Reference as Reference

B = TypeVar("B", bound="Block")

_SHOWN = TEST_DATA | {"example", "examples"}
_WRAPPERS = ("terragrunt.hcl", "root.hcl", "atmos.yaml", "cdktf.json")
_CONFIGURATION = (".tf", ".tofu", ".tf.json", ".tofu.json")
_VARIABLES = (".tfvars", ".tfvars.json")


class Text(NamedTuple):
    """A text as written, below a name; `whole` when it is the value there, and not what a value is made of."""

    name: str
    value: str
    source: Source
    span: Span
    whole: bool


class Written(Subject):
    """What has a body: a block, a file of variable values, a file of backend settings."""

    technology = "terraform"
    example_path = "main.tf"

    def __init__(self, node: Node, body: hcl.Body) -> None:
        super().__init__(node)
        self.body = body

    def texts(self) -> Iterator[Text]:
        """Every piece of text that is written in it, also in scripts and lists."""
        bodies = [self.body]
        while bodies:
            body = bodies.pop()
            bodies += [inner.body for inner in body.blocks]
            for name, attribute in body.attributes.items():
                yield from _texts(name, attribute.expr)


def _texts(name: str, expr: hcl.Expr) -> Iterator[Text]:
    stack = [(name, expr, True)]
    while stack:
        name, expr, whole = stack.pop()
        if isinstance(expr, hcl.Literal):
            if isinstance(expr.value, str):
                yield Text(name, expr.value, expr.home.source, expr.span, whole)
        elif isinstance(expr, hcl.Template):
            for part in expr.parts:
                if isinstance(part, str):
                    yield Text(name, part, expr.home.source, expr.span, False)
        elif isinstance(expr, hcl.Object):
            for key, value in expr.pairs:
                stack.append((str(key.value), value, True) if isinstance(key, hcl.Literal) else (name, value, whole))
        elif isinstance(expr, hcl.Conditional):
            stack += [(name, expr.yes, whole), (name, expr.no, whole)]
        elif isinstance(expr, hcl.For):
            stack += [(name, expr.over, False), (name, expr.result, whole)]
        elif isinstance(expr, hcl.Opaque):
            stack += [(name, inner, False) for inner in expr.inner]
        else:
            stack += [(name, child, whole and isinstance(expr, hcl.Tuple)) for child in expr.children()]


class Block(Written):
    """A block at the top of a file. `node` holds its attributes and nested blocks alike, evaluated when read."""

    prefix: ClassVar[str] = ""

    def __init__(self, syntax: hcl.Block, module: Module) -> None:
        home = syntax.home
        node = Node(values.body(syntax.body, module), home.source, syntax.span, syntax.header)
        super().__init__(node, syntax.body)
        self.syntax = syntax
        self.module = module
        self.labels = syntax.labels

    @property
    def label(self) -> str:
        """Its own name: the last label."""
        return self.labels[-1] if self.labels else ""

    @property
    def name(self) -> str:
        return f"{self.prefix}{self.label}" if self.label else self.syntax.type

    def blocks(self, kind: str) -> list[Node]:
        """The nested blocks of a kind, also those that dynamic blocks give. Does not raise."""
        found = [
            node
            for inner in self.syntax.body.blocks
            if (inner.labels[:1] == (kind,) if inner.type == "dynamic" else inner.type == kind)
            for node in values.expanded(inner, self.module)
        ]
        if found or kind not in self.syntax.body.attributes:
            return found
        node = self.node[kind]  # written as an attribute: in JSON, or in Terraform's older style
        if not node.known:
            return [node]
        return list(node) if node.is_list else [node] if node.is_mapping else []

    def present(self, kind: str) -> bool:
        """Whether an attribute or nested block of that name is written, whatever it comes to."""
        return bool(self.node[kind].present or any(block.present for block in self.blocks(kind)))

    def expr(self, path: str) -> hcl.Expr | None:
        """The expression of an attribute as written, also in nested blocks (`a.b`)."""
        body = self.syntax.body
        *outer, last = path.split(".")
        for step in outer:
            inner = next((block for block in body.blocks if block.type == step), None)
            if inner is None:
                return None
            body = inner.body
        found = body.attributes.get(last)
        return found.expr if found else None

    def addresses(self, path: str) -> set[str]:
        """What an attribute refers to (`aws_s3_bucket.logs`, `module.vpc`, `var.x`), through locals."""
        expr = self.expr(path)
        return set() if expr is None else self.module.addresses(expr)

    @cached_property
    def references(self) -> list[hcl.Reference]:
        """Every reference in it, except to names that its own expressions and dynamic blocks introduce."""
        return list(_references(self.syntax.body, frozenset()))


def _references(body: hcl.Body, names: frozenset[str]) -> Iterator[hcl.Reference]:
    for attribute in body.attributes.values():
        yield from hcl.references(attribute.expr, names)
    for block in body.blocks:
        if block.type == "lifecycle":  # what stands in ignore_changes are attributes of the block itself
            kept = {name: each for name, each in block.body.attributes.items() if name != "ignore_changes"}
            block = block._replace(body=hcl.Body(kept, block.body.blocks))
        inner = names
        if block.type == "dynamic":
            iterator = block.body.attributes.get("iterator")
            inner = names | {iterator.expr.text if iterator else "".join(block.labels[:1])}
        yield from _references(block.body, inner)


class Repeated(Block):
    """A block that `count` or `for_each` may repeat, or leave out."""

    @cached_property
    def absent(self) -> bool:
        """It is there no times at all: `count` is 0, or `for_each` empty, other than by a library's own default."""
        for name in ("count", "for_each"):
            expr = self.expr(name)
            if expr is None:
                continue
            node = self.node[name]
            if node.known and (node == 0 or ((node.is_list or node.is_mapping) and not node)):
                return bool(self.module.root or self.module.users or not list(hcl.references(expr)))
        return False


class Typed(Repeated):
    """What has a type and a name of its own: resources, data sources, ephemeral resources."""

    @property
    def type(self) -> str:
        return self.labels[0] if self.labels else ""

    @property
    def name(self) -> str:
        return f"{self.prefix}{'.'.join(self.labels)}"

    @property
    def provider(self) -> str:
        """The local name of its provider."""
        expr = self.expr("provider")
        return expr.text.split(".")[0].strip('"') if expr else self.type.partition("_")[0]

    @property
    def provider_alias(self) -> str:
        """`aws`, or `aws.east` when it names one."""
        expr = self.expr("provider")
        return expr.text.strip('"') if expr else self.provider


class Resource(Typed):
    """A managed resource, as `aws_s3_bucket.logs`."""

    may_be_remote = True


class Data(Typed):
    """A data source, as `data.aws_ami.base`."""

    prefix = "data."


class Ephemeral(Typed):
    """An ephemeral resource, as `ephemeral.random_password.db`."""

    prefix = "ephemeral."


class Provider(Block):
    """A provider's configuration, as `provider.aws` or `provider.aws.east`."""

    prefix = "provider."

    @property
    def name(self) -> str:
        return f"provider.{self.alias}"

    @property
    def alias(self) -> str:
        expr = self.expr("alias")
        own = str(expr.value) if isinstance(expr, hcl.Literal) else ""
        return f"{self.label}.{own}" if own else self.label


class ModuleCall(Repeated):
    """A call of a module, as `module.vpc`."""

    prefix = "module."

    @cached_property
    def source(self) -> str:
        """Where the module comes from; '' when that is not written as a plain string."""
        expr = self.expr("source")
        return expr.value if isinstance(expr, hcl.Literal) and isinstance(expr.value, str) else ""

    @property
    def local(self) -> bool:
        return self.source.startswith(("./", "../")) or self.source in (".", "..")

    @property
    def target(self) -> str:
        """The directory that a local call means ('' is the repository's root)."""
        path = posixpath.normpath(posixpath.join(self.module.directory, self.source))
        return "" if path == "." else path


class Variable(Block):
    """An input variable, as `var.region`."""

    prefix = "var."


class Output(Block):
    """An output value, as `output.url`."""

    prefix = "output."


class Local(Subject):
    """One of the values of a locals block, as `local.tags`."""

    technology = "terraform"
    example_path = "main.tf"

    def __init__(self, attribute: hcl.Attribute, module: Module) -> None:
        super().__init__(module.local(attribute.name))
        self.attribute = attribute
        self.module = module

    @property
    def name(self) -> str:
        return f"local.{self.attribute.name}"


class Locals(Block):
    """A locals block."""


class TerraformSettings(Block):
    """A terraform block: versions, providers, the backend."""


class OtherBlock(Block):
    """A block of another kind: moved, import, removed, check."""

    @property
    def name(self) -> str:
        return ".".join((self.syntax.type, *self.labels))


_CLASSES: dict[str, type[Block]] = {
    "resource": Resource,
    "data": Data,
    "ephemeral": Ephemeral,
    "provider": Provider,
    "module": ModuleCall,
    "variable": Variable,
    "output": Output,
    "locals": Locals,
    "terraform": TerraformSettings,
}
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "provider": 1, "module": 1, "variable": 1, "output": 1}


class Module(values.Scope):
    """The files of one directory: what is declared in them, and what its names mean."""

    def __init__(self, configuration: Configuration, directory: str, paths: Iterable[str]) -> None:
        super().__init__()
        self.configuration = configuration
        self.tree = configuration.tree
        self.directory = directory
        self.paths = sorted(paths)
        self.faults: dict[str, list[Fault]] = {}
        self.blocks: list[Block] = []
        self._values: dict[str, Node] = {}
        for path in self.paths:
            self._read(path)

    def _read(self, path: str) -> None:
        source = self.tree.source(self.configuration.target(path))
        try:
            if path.endswith(".json"):
                document = source.once(json.parse)
                body = hcl.Body({}, [])
                faults = list(document.faults)
                for node in document.nodes:
                    body = body_of_json(node)
            else:
                read = source.once(hcl.parse)
                body, faults = read.body, list(read.faults)
        except Unreadable:
            self.faults[path] = [Fault(source, START, "cannot be read", technology="terraform")]
            return
        for syntax in body.blocks:
            made = _CLASSES.get(syntax.type, OtherBlock)
            if len(syntax.labels) == _LABELS.get(syntax.type, len(syntax.labels)):
                self.blocks.append(made(syntax, self))
            else:
                words = f"a {syntax.type} block has {_LABELS[syntax.type]} labels, this one has {len(syntax.labels)}"
                faults.append(Fault(source, syntax.header, words))
        self.faults[path] = [fault._replace(technology="terraform") for fault in faults]

    def of(self, kind: type[B]) -> list[B]:
        """Its blocks of a type."""
        return [block for block in self.blocks if isinstance(block, kind)]

    @property
    def name(self) -> str:
        return self.directory or "."

    @property
    def broken(self) -> bool:
        """Some file of it could not be read in full: what is missing in it may stand there."""
        return any(self.faults.values())

    @cached_property
    def variables(self) -> dict[str, Variable]:
        return {block.label: block for block in self.of(Variable)}

    @cached_property
    def locals(self) -> dict[str, hcl.Attribute]:
        return {name: found for block in self.of(Locals) for name, found in block.syntax.body.attributes.items()}

    @cached_property
    def declared(self) -> dict[str, Block]:
        """Resources, data sources, ephemeral resources and module calls by address."""
        return {block.name: block for block in self.blocks if isinstance(block, (Typed, ModuleCall))}

    @cached_property
    def callers(self) -> list[ModuleCall]:
        """The local calls of it, in the whole repository."""
        return self.configuration.calls.get(self.directory, [])

    @cached_property
    def root(self) -> bool:
        """Somebody runs Terraform here: no local call points to it, and it has a backend, or (outside `modules`) it
        configures providers, calls remote modules, or declares resources and has variable files for them."""
        if self.callers:
            return False
        if self.backend is not None:
            return True
        calls = self.of(ModuleCall)
        runs = bool(self.of(Provider)) or any(not call.local for call in calls)
        runs = runs or bool(self.variable_files and (calls or self.of(Resource)))
        return runs and "modules" not in self.directory.split("/") and not self.fragment

    @property
    def shown(self) -> bool:
        """An example or a test: how something is used, and nobody's infrastructure."""
        return not _SHOWN.isdisjoint(self.directory.split("/"))

    @cached_property
    def users(self) -> list[ModuleCall]:
        """The callers that are neither examples nor tests: those whose arguments count."""
        return [call for call in self.callers if not call.module.shown]

    @cached_property
    def fragment(self) -> bool:
        """Files that other directories link to or copy, and no module of their own."""
        links = self.configuration.links
        return any(path in links for path in self.paths) or "mixin" in " ".join((self.directory, *self.paths))

    @cached_property
    def backend(self) -> Node | None:
        """The backend or cloud block; a backend's `tag` is its type, that of a cloud block is `cloud`."""
        for settings in self.of(TerraformSettings):
            for kind in ("backend", "cloud"):
                for node in settings.blocks(kind):
                    if kind == "cloud":
                        return Node(node._value, node.source, node.span, node.key, "cloud")
                    if node.tag or not node.is_mapping:
                        return node
                    for name, inner in node.items():  # JSON: {"backend": {"s3": {...}}}
                        return Node(inner._value, inner.source, inner.span, inner.key, name)
        return None

    @cached_property
    def variable_files(self) -> list[str]:
        """The files that give its variables values: those beside it, and in folders below that hold no module."""
        modules = self.configuration.directories
        below = f"{self.directory}/" if self.directory else ""
        return [
            path
            for path in self.configuration.variable_files
            if path.startswith(below) and (posixpath.dirname(path) == self.directory or self._nearest(path, modules))
        ]

    def _nearest(self, path: str, modules: dict[str, list[str]]) -> bool:
        folder = posixpath.dirname(path)
        while folder and folder not in modules:
            folder = posixpath.dirname(folder)
        return folder == self.directory

    # what names mean

    def find(self, expr: hcl.Expr, root: str, word: str | None) -> tuple[Node | Expression, int]:
        text = " ".join(expr.text.split())[:120]
        if root == "var" and word:
            return self.variable(word), 1
        if root == "local" and word:
            return self.local(word), 1
        if root in ("each", "count", "self"):
            return Expression(text, "differs from instance to instance"), 0
        if root == "path" or root == "terraform":
            return Expression(text, "is known only when Terraform runs"), 0
        what = {"module": "is an output of a module", "data": "is read from a data source"}.get(root, "")
        return Expression(text, what or "is a reference to a resource"), 0

    def local(self, name: str) -> Node:
        key = f"local.{name}"
        if key not in self._values:
            found = self.locals.get(name)
            self._values[key] = values.attribute(found, self) if found else self._undeclared(key)
        return self._values[key]

    def variable(self, name: str) -> Node:
        key = f"var.{name}"
        if key not in self._values:
            found = self.variables.get(name)
            if found is None:
                self._values[key] = self._undeclared(key)
            else:
                self._values[key] = self._lazy(found)
        return self._values[key]

    def _lazy(self, variable: Variable) -> Node:
        at = variable.node
        return values.Lazy(
            lambda: self._given(variable.label, variable), at.source, lambda: (at.mark, None), variable.name
        )

    def _undeclared(self, key: str) -> Node:
        at = self.tree.source(self.paths[0])
        return Node(Expression(key, "is not declared here"), at, START)

    def _given(self, name: str, variable: Variable) -> Node:
        """The value of a variable: as all its callers, or all its variable files, agree."""
        candidates = self._from_users(name) if self.users else self._from_files(name)
        default = variable.node["default"] if "default" in variable.syntax.body.attributes else None
        nodes = [node if node is not None else default for _, node in candidates]
        first = nodes[0]
        key = f"var.{name}"
        if first is None or any(node is None for node in nodes):
            return Node(Expression(key, "has no default"), variable.node.source, variable.node.mark)
        type_ = variable.expr("type")
        made = [values.converted(node, type_) if type_ else node for node in nodes if node is not None]
        try:
            if all(values.same(made[0], other) for other in made[1:]):
                return made[0]
        except Unresolved as unresolved:
            return Node(unresolved.expression, variable.node.source, variable.node.mark)
        between = ", ".join(sorted({who for who, _ in candidates})[:3])
        return Node(Expression(key, f"differs between {between}"), variable.node.source, variable.node.mark)

    def _from_users(self, name: str) -> list[tuple[str, Node | None]]:
        return [
            (f"{call.path} ({call.name})", call.node[name] if name in call.syntax.body.attributes else None)
            for call in self.users
        ]

    def _from_files(self, name: str) -> list[tuple[str, Node | None]]:
        base: Node | None = None
        chosen: list[tuple[str, Node | None]] = []
        for path in self.variable_files:
            given = self.configuration.assignments(path).get(name)
            if _automatic(path, self.directory):
                base = given if given is not None else base
            else:
                chosen.append((path, given))
        if not chosen or all(node is None for _, node in chosen):
            return [("its default", base)]
        return [(path, base if node is None else node) for path, node in chosen]

    def addresses(self, expr: hcl.Expr) -> set[str]:
        """What an expression refers to, through locals."""
        found: set[str] = set()
        seen: set[str] = set()  # each local is looked into once: locals may name one another many times over
        waiting = [expr]
        while waiting:
            for reference in hcl.references(waiting.pop()):
                root, *rest = reference.path
                if root == "local" and rest and rest[0] not in seen:
                    seen.add(rest[0])
                    inner = self.locals.get(rest[0])
                    waiting += [inner.expr] if inner else []
                elif root in ("data", "ephemeral"):
                    found.add(".".join((root, *rest[:2])))
                elif rest and root != "local":
                    found.add(f"{root}.{rest[0]}")
        return found


def _automatic(path: str, directory: str) -> bool:
    name = posixpath.basename(path)
    named = name in ("terraform.tfvars", "terraform.tfvars.json")
    return posixpath.dirname(path) == directory and (named or name.endswith((".auto.tfvars", ".auto.tfvars.json")))


class Configuration:
    """What a repository holds of Terraform, whether judged or not; made once for a tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.directories: dict[str, list[str]] = {}
        self.variable_files: list[str] = []
        self._modules: dict[str, Module] = {}
        self._assignments: dict[str, dict[str, Node]] = {}
        for path in tree.paths:
            if path.endswith(_CONFIGURATION) and VENDORED.isdisjoint(path.split("/")):
                self.directories.setdefault(posixpath.dirname(path), []).append(path)
            elif path.endswith(_VARIABLES):
                self.variable_files.append(path)

    def module(self, directory: str) -> Module:
        if directory not in self._modules:
            self._modules[directory] = Module(self, directory, self.directories.get(directory, []))
        return self._modules[directory]

    @cached_property
    def links(self) -> dict[str, list[str]]:
        """The links to each file of configuration that others link to."""
        found: dict[str, list[str]] = {}
        for paths in self.directories.values():
            for path in paths:
                target = self.target(path)
                if target != path:
                    found.setdefault(target, []).append(path)
        return found

    def target(self, path: str) -> str:
        """The file of the repository that a link leads to; the path itself when it is no such link."""
        try:
            words = os.readlink(self.tree.root / path)
        except OSError:
            return path
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), words))
        return target if target in self.tree else path

    @cached_property
    def calls(self) -> dict[str, list[ModuleCall]]:
        """Every local module call of the repository, by the directory it points to."""
        found: dict[str, list[ModuleCall]] = {}
        for directory in self.directories:
            for call in self.module(directory).of(ModuleCall):
                if call.local and call.target != directory:
                    found.setdefault(call.target, []).append(call)
        return found

    def assignments(self, path: str) -> dict[str, Node]:
        """What a file of variables sets; nothing when it cannot be read."""
        if path not in self._assignments:
            self._assignments[path] = self._read(self.tree.source(path))
        return self._assignments[path]

    def _read(self, source: Source) -> dict[str, Node]:
        try:
            if source.path.endswith(".json"):
                return {key: node for root in source.once(json.parse).nodes for key, node in root.items()}
            return values.body(source.once(hcl.parse).body, values.Scope())
        except Unreadable:
            return {}


class Directory(Subject):
    """A directory of configuration: one module. Stands at its terraform block, else at the first block of it."""

    technology = "terraform"
    example_path = "main.tf"

    def __init__(self, module: Module) -> None:
        blocks: Sequence[Block] = module.of(TerraformSettings) or module.of(Provider) or module.blocks
        source = module.tree.source(module.paths[0])
        super().__init__(
            Node({}, blocks[0].node.source, blocks[0].node.span, blocks[0].syntax.header)
            if blocks
            else Node(None, source, START)
        )
        self.module = module
        self.directory = module.directory

    @property
    def name(self) -> str:
        return self.module.name

    @property
    def root(self) -> bool:
        return self.module.root

    @property
    def example(self) -> bool:
        """It shows how something is used, and is nobody's infrastructure."""
        return self.module.shown

    @cached_property
    def wrapper(self) -> str:
        """The file by which another program runs Terraform here, and writes the backend: Terragrunt, Atmos, CDKTF."""
        steps = self.directory.split("/")
        above = ["/".join(steps[:depth]) for depth in range(len(steps), -1, -1)]
        tree = self.module.tree
        paths = (f"{folder}/{name}".lstrip("/") for folder in above for name in _WRAPPERS)
        folders = [f"{folder}/stacks".lstrip("/") for folder in above]
        stacks = tuple(f"{folder}/" for folder in folders if folder in tree.folders)
        manifests = (path for path in tree.paths if path.startswith(stacks) and path.endswith((".yaml", ".yml")))
        return next((path for path in paths if path in tree), "") or (next(manifests, "") if stacks else "")


class VarFile(Written):
    """A file of variable values."""

    example_path = "terraform.tfvars"


class BackendFile(Written):
    """A file of backend settings (`-backend-config`)."""

    example_path = "prod.tfbackend"


class LockFile(Written):
    """A dependency lock file."""

    example_path = ".terraform.lock.hcl"


class StateFile(Subject):
    """A state file. Its text is not read: it may hold secrets."""

    technology = "terraform"
    example_path = "terraform.tfstate"


class Terragrunt(Written):
    """A Terragrunt file."""

    example_path = "terragrunt.hcl"


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """What a file of Terraform declares."""
    path = source.path
    name = posixpath.basename(path).lower()
    if name.endswith((".tfstate", ".tfstate.backup")):
        yield StateFile(Node(None, source, START))
    elif name.endswith(_CONFIGURATION):
        yield from _configuration(source, tree)
    elif name.endswith(_VARIABLES):
        yield from _settings(source, VarFile)
    elif name.endswith(".tfbackend"):
        yield from _settings(source, BackendFile)
    else:
        yield from _settings(source, LockFile if name == ".terraform.lock.hcl" else Terragrunt)


def _settings(source: Source, kind: type[Written]) -> Iterator[Subject | Fault]:
    if source.path.endswith(".json"):
        document = source.once(json.parse)
        bodies = [attributes_of_json(node) for node in document.nodes]
        faults = document.faults
    else:
        read = source.once(hcl.parse)
        bodies, faults = [read.body], read.faults
    for body in bodies:
        yield kind(Node(values.body(body, values.Scope()), source, _whole(source), START), body)
    yield from (fault._replace(technology="terraform") for fault in faults)


def _whole(source: Source) -> Span:
    return source.span(0, len(source.text))


def _configuration(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    module = tree.once(Configuration).module(posixpath.dirname(source.path))
    if source.path == module.paths[0]:
        yield Directory(module)
    for block in module.blocks:
        if block.node.source is source:
            yield block
            if isinstance(block, Locals):
                yield from (Local(found, module) for found in block.syntax.body.attributes.values())
    yield from module.faults[source.path]
