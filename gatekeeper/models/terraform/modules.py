"""Modules: the files of a directory, what their names mean, and how callers and environments differ."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import NamedTuple, TypeVar

from gatekeeper.discover import TEST_DATA, VENDORED, Tree, Unreadable
from gatekeeper.models.terraform import conversions, values
from gatekeeper.models.terraform.blocks import (
    CLASSES,
    LABELS,
    Block,
    Data,
    Locals,
    ModuleCall,
    OtherBlock,
    Output,
    Provider,
    Resource,
    TerraformSettings,
    Typed,
    Variable,
)
from gatekeeper.models.terraform.json_syntax import body_of_json
from gatekeeper.models.terraform.overrides import Overrides, overrides
from gatekeeper.node import START, Expression, Fault, Node, Source, Unresolved
from gatekeeper.parsers import hcl, json

B = TypeVar("B", bound=Block)

_SHOWN = TEST_DATA | {"example", "examples"}
CONFIGURATION = (".tf", ".tofu", ".tf.json", ".tofu.json")
VARIABLES = (".tfvars", ".tfvars.json")
_CONTEXTS = 24  # in which one module is looked at
_CALLS = 8  # that lead to a module


class Context(NamedTuple):
    """Who uses a module: the values that its variables are given, and the calls that lead to it, the nearest first."""

    label: str
    given: Mapping[str, Node]
    calls: tuple[ModuleCall, ...] = ()

    @property
    def plain(self) -> bool:
        """One call that is made once, in a module that has no context: what all users agree on says as much."""
        return len(self.calls) < 2 and not any(call.instance for call in self.calls)


class Module(values.Scope):
    """The files of one directory: what is declared in them, and what its names mean.

    Without a `context` it is as all that use it agree: a variable that they give different values is not known.
    """

    def __init__(
        self, configuration: Configuration, directory: str, paths: Iterable[str], context: Context | None = None
    ) -> None:
        super().__init__()
        self.configuration = configuration
        self.context = context
        self.tree: Tree = configuration.tree
        self.directory = directory
        self.paths = sorted(paths)
        self.faults: dict[str, list[Fault]] = {}
        self.blocks: list[Block] = []
        self._values: dict[str, Node] = {}
        self._read()

    def _read(self) -> None:
        change = self.configuration.overrides.setdefault(self.directory, Overrides())
        last = [path for path in self.paths if overrides(path)]
        if not change.complete:
            for path in last:
                change.add(self._body(path)[0].blocks)
            change.complete = True
        for path in (*(path for path in self.paths if path not in last), *last):
            self._read_file(path, change, path in last)

    def _body(self, path: str) -> tuple[hcl.Body, list[Fault]]:
        source = self.tree.source(self.configuration.target(path))
        try:
            if path.endswith(".json"):
                return source.once(_of_json), list(source.once(json.parse).faults)
            read = source.once(hcl.parse)
            return read.body, list(read.faults)
        except Unreadable:
            return hcl.Body({}, []), [Fault(source, START, "cannot be read")]

    def _read_file(self, path: str, change: Overrides, overriding: bool) -> None:
        source = self.tree.source(self.configuration.target(path))
        body, faults = self._body(path)
        for syntax in body.blocks:
            syntax = syntax if overriding else change.changed(syntax)
            made = CLASSES.get(syntax.type, OtherBlock)
            if overriding and change.applied(syntax):
                self.blocks.append(OtherBlock(syntax, self))
            elif len(syntax.labels) == LABELS.get(syntax.type, len(syntax.labels)):
                block = made(syntax, self)
                self.blocks.append(block)
                if isinstance(block, ModuleCall) and block.source and not block.local:
                    self.blocks += _on_record(block)
            else:
                words = f"a {syntax.type} block has {LABELS[syntax.type]} labels, this one has {len(syntax.labels)}"
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
    def remote_calls(self) -> list[ModuleCall]:
        return [call for call in self.of(ModuleCall) if not call.local and not call.absent]

    @cached_property
    def outputs(self) -> dict[str, Output]:
        return {block.label: block for block in self.of(Output)}

    @cached_property
    def _by_syntax(self) -> dict[int, Block]:
        return {id(block.syntax): block for block in self.blocks}

    def twin(self, syntax: hcl.Block) -> Block | None:
        """The block that is written there, as it is in this context."""
        return self._by_syntax.get(id(syntax))

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
    def unused(self) -> bool:
        """Every call of it is left out (`count = 0`)."""
        mark = f"unused {self.directory}"
        if not self.users or not self.configuration.enter(mark):
            return False
        try:
            return all(call.absent for call in self.users)
        finally:
            self.configuration.leave(mark)

    @property
    def runs_in(self) -> str | None:
        calls = self.context.calls if self.context else ()
        top = calls[-1].module if calls else self
        return None if top.users else top.directory

    @property
    def given_by(self) -> list[ModuleCall]:
        """The calls that give its variables their values here."""
        return list(self.context.calls[:1]) if self.context else self.users

    @cached_property
    def contexts(self) -> list[Module]:
        """The module as each caller or environment file has it; none when there is one for all, or too many."""
        if self.context is not None or not self.configuration.enter(self.directory):
            return []
        try:
            found = list(islice(self._contexts(), _CONTEXTS + 1))
        finally:
            self.configuration.leave(self.directory)
        same = len(found) == 1 and found[0].context is not None and found[0].context.plain
        return [] if same or len(found) > _CONTEXTS else found

    def _contexts(self) -> Iterator[Module]:
        for call in self.users:
            for caller in call.module.contexts or [call.module]:
                again = caller.twin(call.syntax)
                if isinstance(again, ModuleCall) and not again.absent:
                    for each in again.instances or [again]:
                        assert isinstance(each, ModuleCall)
                        yield self._within(_called(each, caller))
        if not self.users:
            base, chosen = self._environment_files()
            for path in chosen:
                yield self._within(Context(path, {**base, **self.configuration.assignments(path)}))

    def _within(self, context: Context) -> Module:
        return Module(self.configuration, self.directory, self.paths, context)

    def _environment_files(self) -> tuple[dict[str, Node], list[str]]:
        """What its automatic variable files set, and the files that are chosen among by hand."""
        base: dict[str, Node] = {}
        chosen: list[str] = []
        for path in sorted(self.variable_files, key=lambda path: (".auto." in path, path)):  # a later one wins
            if _automatic(path, self.directory):
                base |= self.configuration.assignments(path)
            else:
                chosen.append(path)
        return base, chosen

    @cached_property
    def environments(self) -> list[Mapping[str, Node]]:
        """What its variable files set, for each of the environments that they are chosen among for."""
        base, chosen = self._environment_files()
        return [{**base, **self.configuration.assignments(path)} for path in chosen] or [base]

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

    def provider_constraint(self, name: str, left: int = _CALLS) -> str:
        """The versions that are asked of a provider, by its local name: here, else by whoever calls; '' when unsaid."""
        for settings in self.of(TerraformSettings):
            for required in settings.blocks("required_providers"):
                entry = required[name]
                said = entry["version"] if entry.is_mapping else entry
                if said.known and isinstance(said.value, str):
                    return said.value
        if left <= 0:
            return ""
        said_above = {call.module.provider_constraint(name, left - 1) for call in self.users[:_CALLS]}
        return said_above.pop() if len(said_above) == 1 else ""

    # what names mean

    def find(self, expr: hcl.Expr, root: str, steps: values.Steps) -> tuple[Node | Expression, int]:
        first = steps[0] if steps else None
        word = first.name if isinstance(first, hcl.GetAttr) else None
        text = " ".join(expr.text.split())[:120]
        if root == "var" and word:
            return self.variable(word), 1
        if root == "local" and word:
            return self.local(word), 1
        if root == "module" and word:
            return self._output(text, word, steps)
        if root == "data" and word == "aws_iam_policy_document" and len(steps) > 2:
            return self._policy_document(text, steps)
        declared = self.declared.get(f"{root}.{word}") if word else None
        if isinstance(declared, Resource):
            return self._sibling(text, declared, steps)
        if root in ("each", "count", "self"):
            field = root == "each" and word == "value" and len(steps) > 1  # which some may leave out
            return Expression(text, "differs from instance to instance", may_be_null=field), 0
        if root == "path" or root == "terraform":
            return Expression(text, "is known only when Terraform runs"), 0
        what = {"module": "is an output of a module", "data": "is read from a data source"}.get(root, "")
        return Expression(text, what or "is a reference to a resource"), 0

    def _sibling(self, text: str, resource: Resource, steps: values.Steps) -> tuple[Node | Expression, int]:
        """An attribute of another resource, where it is written there as a value."""
        reference = Expression(text, "is a reference to a resource"), 0
        words = [step.name for step in steps if isinstance(step, hcl.GetAttr)][:2]
        taken = len(steps) if len(words) < 2 else list(steps).index(_nth(steps, 2)) + 1
        if len(words) < 2 or words[1] not in resource.syntax.body.attributes:
            return reference
        node = resource.node[words[1]]
        return (node, taken) if node.known and node.present else reference

    def _output(self, text: str, word: str, steps: values.Steps) -> tuple[Node | Expression, int]:
        """An output of a local module, as it is called here."""
        unknown = Expression(text, "is an output of a module"), 0
        call = self.declared.get(f"module.{word}")
        second = steps[1] if len(steps) > 1 else None
        if not isinstance(call, ModuleCall) or not isinstance(second, hcl.GetAttr) or call.times != 1:
            return unknown
        output = call.called.outputs.get(second.name) if call.called else None
        return (output.node["value"], 2) if output else unknown

    def _policy_document(self, text: str, steps: values.Steps) -> tuple[Node | Expression, int]:
        reference = Expression(text, "is read from a data source"), 0
        words = [step.name for step in steps if isinstance(step, hcl.GetAttr)]
        data = self.declared.get(f"data.aws_iam_policy_document.{words[1]}") if len(words) > 2 else None
        if not isinstance(data, Data) or words[2] not in ("json", "minified_json"):
            return reference
        from gatekeeper.models.terraform.policy_documents import json_of

        return json_of(data), list(steps).index(_nth(steps, 3)) + 1

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
        default = variable.node["default"] if "default" in variable.syntax.body.attributes else None
        candidates = self._candidates(name)
        never_null = default is not None and variable.node["nullable"] == False  # noqa: E712  # a node
        nodes = [default if node is None or (never_null and not node.present) else node for _, node in candidates]
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
            waits = unresolved.expression
            if any(map(conversions.may_be_null, made)):
                waits = Expression(waits.text, waits.reason, may_be_null=True)
            return Node(waits, variable.node.source, variable.node.mark)
        between = ", ".join(sorted({who for who, _ in candidates})[:3])
        null = any(map(conversions.may_be_null, made))
        reason = Expression(key, f"differs between {between}", may_be_null=null)
        return Node(reason, variable.node.source, variable.node.mark)

    def _candidates(self, name: str) -> list[tuple[str, Node | None]]:
        if self.context:
            return [(self.context.label, self.context.given.get(name))]
        return self._from_users(name) if self.users else self._from_files(name)

    def _from_users(self, name: str) -> list[tuple[str, Node | None]]:
        return [
            (f"{call.path} ({call.name})", call.node[name] if name in call.syntax.body.attributes else None)
            for call in self.users
        ]

    def _from_files(self, name: str) -> list[tuple[str, Node | None]]:
        base, paths = self._environment_files()
        chosen = [(path, self.configuration.assignments(path).get(name)) for path in paths]
        if all(node is None for _, node in chosen):
            return [("its default", base.get(name))]
        return [(path, base.get(name) if node is None else node) for path, node in chosen]

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


def _of_json(source: Source) -> hcl.Body:
    """The body of a file in JSON: one for all modules that read it, so that its blocks are the same in each."""
    body = hcl.Body({}, [])
    for node in source.once(json.parse).nodes:
        body = body_of_json(node)
    return body


def _on_record(call: ModuleCall) -> Iterator[Block]:
    """The resources that a well-known remote module makes."""
    from gatekeeper.models.terraform.registry import resources

    return resources(call)


def _nth(steps: values.Steps, number: int) -> hcl.GetAttr | hcl.Index:
    """The name of that number among the steps."""
    return [step for step in steps if isinstance(step, hcl.GetAttr)][number - 1]


def _called(call: ModuleCall, caller: Module) -> Context:
    """The context that a call makes, in the context of whoever holds it."""
    above = caller.context
    given = {name: call.node[name] for name in call.syntax.body.attributes}
    label = f"{call.name}[{call.instance}]" if call.instance else call.name
    words = f"{call.path} ({label})" + (f", {above.label}" if above else "")
    return Context(words, given, (call, *(above.calls if above else ())))


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
        self.overrides: dict[str, Overrides] = {}
        self._modules: dict[str, Module] = {}
        self._entered: set[str] = set()
        self._assignments: dict[str, dict[str, Node]] = {}
        for path in tree.paths:
            if path.endswith(CONFIGURATION) and VENDORED.isdisjoint(path.split("/")):
                self.directories.setdefault(posixpath.dirname(path), []).append(path)
            elif path.endswith(VARIABLES):
                self.variable_files.append(path)

    def enter(self, directory: str) -> bool:
        """Whether nobody is about to find the contexts of that module already: modules may call one another."""
        fresh = directory not in self._entered
        self._entered.add(directory)
        return fresh

    def leave(self, directory: str) -> None:
        self._entered.discard(directory)

    def called(self, call: ModuleCall) -> Module | None:
        """The module that a local call means, with the values that the call gives it."""
        paths = self.directories.get(call.target) if call.local else None
        context = _called(call, call.module)
        if not paths or len(context.calls) > _CALLS:
            return None
        return Module(self, call.target, paths, context)

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
