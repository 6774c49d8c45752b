"""Building a kustomization: its resources, generators and components, then everything it does to them, in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models.kubernetes.building import fields as setting
from gatekeeper.models.kubernetes.building import reading
from gatekeeper.models.kubernetes.building.configuring import with_configuration
from gatekeeper.models.kubernetes.building.facts import DEFAULT, METADATA_LABELS, Fields, FieldSpec
from gatekeeper.models.kubernetes.building.generating import File, combined, generated, name_hash
from gatekeeper.models.kubernetes.building.items import Clash, Item, Pool, Unclear, label, name_of
from gatekeeper.models.kubernetes.building.merging import Refused
from gatekeeper.models.kubernetes.building.naming import renamed
from gatekeeper.models.kubernetes.building.nodes import at, holding, listed, mapping, text, with_field
from gatekeeper.models.kubernetes.building.patching import apply
from gatekeeper.models.kubernetes.building.replacing import replaced
from gatekeeper.models.kubernetes.kustomize import builds
from gatekeeper.node import START, Expression, Node, Unresolved

DEPTH = 30
MOST = 20_000  # objects of one build
ALL = 50_000  # objects of all builds together: each is judged in each; the largest real repository seen has 2,500
WORK = 2_000_000  # steps of all builds of a repository: a tenth is what the largest real one seen needs
_LARGE = 1_000_000  # what a ConfigMap may hold


class Gap(NamedTuple):
    """What could not be resolved: where it is written, and in words that name it."""

    at: Node
    message: str


class Idle(NamedTuple):
    """A patch that found no object to change: where that is written, in words, and the kustomization that lists it."""

    at: Node
    message: str
    by: str


class Build(NamedTuple):
    """What a kustomization applies that nothing else here takes in.

    `objects` are as applied, in order; `files` the manifests, patches and kustomizations that went in, `inputs` the
    files that generators put into ConfigMaps and Secrets. `gaps` is empty when everything was resolved. `idle` are
    patches that found nothing to change, `twice` pairs of objects that are the same: the second is left out.
    """

    folder: str
    objects: tuple[Node, ...]
    files: frozenset[str]
    gaps: tuple[Gap, ...]
    inputs: frozenset[str] = frozenset()
    idle: tuple[Idle, ...] = ()
    twice: tuple[tuple[Node, Node], ...] = ()


class _Exhausted(Exception):
    """More work than any real repository needs."""


class _Made(NamedTuple):
    """What building a folder came to. Others take it in: nothing in it is changed."""

    items: tuple[Item, ...]
    gaps: tuple[Gap, ...]
    files: frozenset[str]
    fields: Fields
    variables: tuple[str, ...] = ()
    inputs: frozenset[str] = frozenset()
    idle: tuple[Idle, ...] = ()
    twice: tuple[tuple[Node, Node], ...] = ()


_NOTHING = _Made((), (), frozenset(), DEFAULT)

_KNOWN = frozenset(
    "apiversion kind metadata openapi nameprefix namesuffix namespace commonlabels labels commonannotations "
    "patchesstrategicmerge patchesjson6902 patches images imagetags replacements replicas vars sortoptions resources "
    "components crds bases configmapgenerator secretgenerator helmglobals helmcharts helmchartinflationgenerator "
    "generatoroptions configurations generators transformers validators buildmetadata inventory".split()
)
_PLUGINS = {
    "generators": "a generator that is not built in",
    "transformers": "a transformer that is configured apart",
    "validators": "a validator that is not run",
    "helmCharts": "a chart that is not rendered",
    "helmChartInflationGenerator": "a chart that is not rendered",
    "crds": "definitions that say which fields hold names",
    "openapi": "a schema that says which lists merge",
}


def rendered(tree: Tree) -> tuple[Build, ...]:
    """What every kustomization applies that nothing else here takes in. Ask through `tree.once(rendered)`."""
    builder = _Builder(tree)
    return tuple(builder.build(folder) for folder in builder.roots())


def named(tree: Tree) -> frozenset[str]:
    """Every file and folder that any kustomization names, also one that nothing builds. Ask through `tree.once`."""
    found: set[str] = set()
    for folder, each in tree.once(builds).by_folder.items():
        for node in each.node.walk():
            written = node.value if node.known and isinstance(node.value, str) and len(node.value) < 1000 else ""
            for path in (written, written.partition("=")[2]):
                clean = reading.below(folder, path) if path else None
                if clean and clean in tree:
                    found.add(clean)
    for build in tree.once(rendered):
        found |= build.files | build.inputs
    return frozenset(found)


class _Builder:
    """All builds of one repository. A folder is built once, however many take it in."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.done: dict[str, _Made] = {}
        self.under_way: list[str] = []
        self.left = WORK
        self.objects = 0
        self.weights: dict[int, tuple[Node, int]] = {}

    # which are built

    def roots(self) -> list[str]:
        """Folders of kustomizations that no other takes in; of those in a circle, the first."""
        found = self.tree.once(builds).by_folder
        takes: dict[str, set[str]] = {}
        for folder, each in found.items():
            named = (reading.below(folder, text(entry)) for entry in each.resources)
            takes[folder] = {path for path in named if path is not None and path in found}
        taken = set().union(*takes.values()) if takes else set()
        roots = [folder for folder in sorted(found) if folder not in taken]
        reached = _reached(roots, takes)
        for folder in sorted(found):
            if folder not in reached:
                roots.append(folder)
                reached |= _reached([folder], takes)
        return [folder for folder in sorted(roots) if _is_kustomization(found[folder].node, "Kustomization")]

    def build(self, folder: str) -> Build:
        path = self.tree.once(builds).by_folder[folder].path
        top = self.tree.once(builds).by_folder[folder].node
        try:
            made = self.folder(folder, top)
            self.objects += len(made.items)
            if self.objects > ALL:
                raise _Exhausted
            return _finished(folder, made)
        except (_Exhausted, RecursionError):
            words = f"{folder or path}: more to build than any real repository holds"
            return Build(folder, (), frozenset({path}), (Gap(top, words),))
        finally:
            self.under_way.clear()

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise _Exhausted

    def weight(self, node: Node) -> int:
        """How many nodes an object has."""
        known = self.weights.get(id(node))
        if known is None:
            known = self.weights[id(node)] = node, sum(1 for _ in node.walk())
        return known[1]

    # building a folder

    def folder(self, folder: str, by: Node) -> _Made:
        if folder in self.done:
            return self.done[folder]
        stopped = self._stopped(folder, by)
        if stopped is not None:
            return stopped
        path = reading.kustomization_of(self.tree, folder)
        if path is None:
            return _NOTHING._replace(gaps=(Gap(by, f"{_field(by)}{folder} has no kustomization"),))
        step = _Step(self, folder, path, Pool(), DEFAULT)
        if not step.valid("Kustomization", by):
            made = step.made()
        else:
            self.under_way.append(folder)
            step.run()
            self.under_way.pop()
            made = step.made()
        self.done[folder] = made
        return made

    def component(self, folder: str, by: Node, step: _Step) -> None:
        """A component works on what the kustomization that names it has so far."""
        stopped = self._stopped(folder, by)
        if stopped is not None:
            step.gaps += stopped.gaps
            return
        path = reading.kustomization_of(self.tree, folder)
        if path is None:
            step.gap(by, f"components: {folder} has no kustomization")
            return
        inner = _Step(self, folder, path, step.pool, step.fields)
        if inner.valid("Component", by):
            self.under_way.append(folder)
            inner.run()
            self.under_way.pop()
            step.pool = inner.pool
        step.take(inner.made()._replace(items=()))

    def _stopped(self, folder: str, by: Node) -> _Made | None:
        if folder in self.under_way:
            return _NOTHING._replace(gaps=(Gap(by, f"{folder or 'the root'} takes in itself"),))
        if len(self.under_way) >= DEPTH:
            return _NOTHING._replace(gaps=(Gap(by, f"{folder}: kustomizations in more than {DEPTH} levels"),))
        return None


def _reached(roots: Iterable[str], takes: dict[str, set[str]]) -> set[str]:
    reached = set(roots)
    waiting = list(reached)
    while waiting:
        for folder in takes[waiting.pop()] - reached:
            reached.add(folder)
            waiting.append(folder)
    return reached


def _is_kustomization(node: Node, kind: str) -> bool:
    version, said = text(mapping(node).get("apiVersion")), text(mapping(node).get("kind"))
    if version and not version.startswith("kustomize.config.k8s.io/"):
        return False  # Flux has an object of that name
    return said == kind or (not said and kind == "Kustomization")


def _field(by: Node) -> str:
    return "resources: " if by.present and not by.is_mapping else ""


class _Step:
    """One kustomization at work on the objects it takes in."""

    def __init__(self, builder: _Builder, folder: str, path: str, pool: Pool, fields: Fields) -> None:
        self.builder = builder
        self.tree = builder.tree
        self.home = folder
        self.path = path
        self.pool = pool
        self.fields = fields
        self.files = {path}
        self.gaps: list[Gap] = []
        self.inputs: set[str] = set()
        self.idle: list[Idle] = []
        self.twice: list[tuple[Node, Node]] = []
        self.variables: list[str] = []
        read = reading.documents(self.tree, path)
        self.node = next((node for node in read.nodes if node.is_mapping), Node({}, self.tree.source(path), START))
        for place, words in read.faults:
            self.gap(place, f"{path} cannot be read: {words}")

    # what came out

    def made(self) -> _Made:
        return _Made(
            tuple(self.pool.items),
            _once(self.gaps),
            frozenset(self.files),
            self.fields,
            tuple(self.variables),
            frozenset(self.inputs),
            tuple(self.idle),
            tuple(self.twice),
        )

    def gap(self, place: Node, words: str) -> None:
        self.gaps.append(Gap(place, words))

    def take(self, made: _Made) -> None:
        """Take in what another kustomization came to."""
        for item in made.items:
            self.add(item)
        self.gaps += made.gaps
        self.files |= made.files
        self.inputs |= made.inputs
        self.idle += made.idle
        self.twice += made.twice
        self.variables += made.variables
        self.fields = _both(self.fields, made.fields)

    def add(self, item: Item) -> None:
        self.builder.spend(1)
        if len(self.pool.items) >= MOST:
            raise _Exhausted
        try:
            self.pool.add(item)
        except Clash as clash:
            self._clash(clash)

    def _clash(self, clash: Clash) -> None:
        self.twice.append((clash.item.node, clash.other.node))
        self.gap(clash.item.node, f"{clash}: kustomize refuses it")

    def valid(self, kind: str, by: Node) -> bool:
        """Whether the folder holds what it is taken in as."""
        if _is_kustomization(self.node, kind):
            return True
        self.gap(by, f"{_field(by)}{self.home or 'the root'} holds no {kind}")
        return False

    def entries(self, *names: str) -> list[Node]:
        return [entry for name in names for entry in listed(mapping(self.node).get(name))]

    def one(self, name: str) -> Node | None:
        found = mapping(self.node).get(name)
        return found if found is not None and found.present and text(found) else None

    # the order of a build

    def run(self) -> None:
        self._unresolved()
        for entry in self.entries("resources", "bases"):
            self._resource(entry)
        for entry in self.entries("configurations"):
            self._configuration(entry)
        self._generate("ConfigMap", "configMapGenerator")
        self._generate("Secret", "secretGenerator")
        for entry in self.entries("components"):
            folder = self._local("components", entry)
            if folder is not None:
                self.builder.component(folder, entry, self)
        self._transform()
        self.variables += [text(mapping(entry).get("name")) for entry in self.entries("vars")]

    def _unresolved(self) -> None:
        for key, node in mapping(self.node).items():
            if key in _PLUGINS and (len(node) if node.known else True):
                for entry in listed(node) or [node]:
                    named = text(mapping(entry).get("name")) or text(mapping(entry).get("path")) or text(entry)
                    words = named if "\n" not in named else ""
                    self.gap(entry, f"{key}: {words}{' is ' if words else ''}{_PLUGINS[key]}")
            elif key.lower() not in _KNOWN:
                self.gap(node, f"{key}: kustomize knows no such field")

    # what is taken in

    def _local(self, field: str, entry: Node) -> str | None:
        """The path an entry names; None, and a gap, when it is not in this repository."""
        written = text(entry)
        path = reading.below(self.home, written) if written else None
        if path is not None and (path in self.tree or self.tree.exists(path)):
            return path
        if not written or entry.is_mapping or entry.is_list:
            self.gap(entry, f"{field}: an entry is no path")
        elif reading.is_remote(written):
            self.gap(entry, f"{field}: {written} is remote")
        elif path is None:
            self.gap(entry, f"{field}: {written} leads out of the repository")
        else:
            self.gap(entry, f"{field}: {written} is not in the repository")
        return None

    def _resource(self, entry: Node) -> None:
        path = self._local("resources", entry)
        if path is None:
            return
        if path not in self.tree:
            self.take(self.builder.folder(path, entry))
            return
        self.files.add(path)
        for node in reading.objects(self.read(path, entry)):
            if not node.is_mapping or not text(mapping(node).get("kind")):
                self.gap(node, f"resources: {text(entry)} holds what is no object")
            elif not name_of(node):
                self.gap(node, f"resources: {text(mapping(node)['kind'])} in {text(entry)} has no metadata.name")
            else:
                self.add(Item(node))

    def read(self, path: str, entry: Node) -> list[Node]:
        """The documents of a file; a gap for each that cannot be read."""
        self.files.add(path)
        read = reading.documents(self.tree, path)
        for place, words in read.faults:
            self.gap(place, f"{path} cannot be read: {words}")
        return read.nodes

    def _configuration(self, entry: Node) -> None:
        path = self._local("configurations", entry)
        if path is not None and path in self.tree:
            for node in self.read(path, entry):
                self.fields = with_configuration(self.fields, node)

    # generators

    def _generate(self, kind: str, field: str) -> None:
        options = mapping(self.node).get("generatorOptions", self.node)
        for entry in self.entries(field):
            new = generated(
                kind,
                entry,
                options if options is not self.node else Node({}, entry.source, entry.span),
                self._file,
                self.gap,
            )
            if new is not None:
                self._absorb(new, entry)

    def _absorb(self, new: Item, entry: Node) -> None:
        there = self.pool.called(new.id)
        if not there:
            if new.behavior:
                words = f"{label(new.id)}: there is none to {new.behavior}"
                self.gap(entry, words)
            self.add(new)
        elif len(there) > 1 or not new.behavior:
            self._clash(Clash(new, self.pool.items[there[0]]))
        else:
            items = list(self.pool.items)
            items[there[0]] = combined(new, items[there[0]])
            self.set(items)

    def _file(self, entry: Node, path: str) -> File | None:
        found = reading.below(self.home, path) if path else None
        if found is None or found not in self.tree:
            why = "is remote" if reading.is_remote(path) else "is not in the repository"
            self.gap(entry, f"{path or text(entry)} {why if found is not None else 'leads out of the repository'}")
            return None
        self.inputs.add(found)
        try:
            data = self.tree.data(found)
        except Unreadable as error:
            self.gap(entry, f"{path} cannot be read: {error}")
            return None
        if len(data) > _LARGE:
            self.gap(entry, f"{path} is too large for a ConfigMap or a Secret")
            return None
        return File(bytes(data), self.tree.source(found))

    # transformations

    def set(self, items: Iterable[Item]) -> None:
        for clash in self.pool.set(items):
            self._clash(clash)

    def each(self, change: Callable[[Item], Item]) -> None:
        self.builder.spend(len(self.pool.items))
        self.set([change(item) for item in self.pool.items])

    def _transform(self) -> None:
        self._patches("patchesStrategicMerge")
        self._patches("patches")
        fields = self.fields
        namespace, prefix, suffix = self.one("namespace"), self.one("namePrefix"), self.one("nameSuffix")
        if namespace is not None:
            self.each(lambda item: setting.in_namespace(item, namespace, fields))
        if prefix is not None:
            self.each(lambda item: setting.prefixed(item, text(prefix), fields))
        if suffix is not None:
            self.each(lambda item: setting.suffixed(item, text(suffix), fields))
        self._marks()
        self._patches("patchesJson6902")
        self._replicas()
        self._images()
        self._replacements()

    def _marks(self) -> None:
        for entry in self.entries("labels"):
            specs = setting.label_specs(entry, self.fields, METADATA_LABELS)
            self._mark(mapping(entry).get("pairs"), specs)
        self._mark(mapping(self.node).get("commonLabels"), self.fields.common_labels)
        self._mark(mapping(self.node).get("commonAnnotations"), self.fields.common_annotations)

    def _mark(self, pairs: Node | None, specs: Sequence[FieldSpec]) -> None:
        if pairs is not None:
            self.each(lambda item: setting.marked(item, pairs, specs))

    def _patches(self, field: str) -> None:
        for entry in self.entries(field):
            self.builder.spend(len(self.pool.items))
            found = self._patch_documents(field, entry)
            if found is None:
                continue
            outcome = apply(self.pool.items, field, entry, found)
            self.set(outcome.items)
            for place, words in outcome.refused:
                self.gap(place, f"{field}: {words}")
            self.idle += [Idle(place, words, self.path) for place, words in outcome.idle]

    def _patch_documents(self, field: str, entry: Node) -> list[Node] | None:
        """The documents of a patch: from a file, or written out in the entry."""
        block = mapping(entry).get("patch") if entry.is_mapping else entry if "\n" in text(entry).strip() else None
        if block is not None and text(block).strip():
            read = reading.inline(block)
            for place, words in read.faults:
                self.gap(place, f"{field}: the patch cannot be read: {words}")
            return None if read.faults else read.nodes
        name = mapping(entry).get("path", entry)
        path = self._local(field, name)
        if path is None or path not in self.tree:
            if path is not None:
                self.gap(entry, f"{field}: {text(name)} is no file")
            return None
        self.files.add(path)
        read = reading.documents(self.tree, path)
        for place, words in read.faults:
            self.gap(place, f"{path} cannot be read: {words}")
        return None if read.faults else read.nodes

    def _replicas(self) -> None:
        for entry in self.entries("replicas"):
            self.builder.spend(len(self.pool.items))
            scaled = [setting.scaled(item, entry, self.fields) for item in self.pool.items]
            if not any(scaled):
                self.gap(entry, f"replicas: nothing here is called {text(mapping(entry).get('name'))}")
            self.set([new or old for new, old in zip(scaled, self.pool.items, strict=True)])

    def _images(self) -> None:
        entries = [setting.ImageEntry(entry) for entry in self.entries("images", "imageTags")]
        for entry in entries:
            if not entry.readable:
                self.gap(entry.entry, f"images: {entry.name or 'an entry without a name'} is no plain name")
            for key, value in mapping(entry.entry).items():
                if value.known and isinstance(value.value, (int, float)):
                    self.gap(value, f"images: {key} is a number without quotes, which kustomize refuses")
        readable = [entry for entry in entries if entry.readable]
        if readable:
            self.builder.spend(sum(self.builder.weight(item.node) for item in self.pool.items))
            self.builder.spend(len(self.pool.items) * len(readable) // 10)
            self.set([setting.with_images(item, readable, self.fields) for item in self.pool.items])

    def _replacements(self) -> None:
        for entry in self.entries("replacements"):
            for each in self._replacement_entries(entry):
                self.builder.spend(len(self.pool.items))
                try:
                    self.set(replaced(self.pool.items, each))
                except Refused as refused:
                    self.gap(refused.at, f"replacements: {refused}")
                except Unclear as unclear:
                    self.gap(each, f"replacements: {unclear} is an expression that is not read here")

    def _replacement_entries(self, entry: Node) -> list[Node]:
        if "path" not in mapping(entry):
            return [entry]
        path = self._local("replacements", mapping(entry)["path"])
        if path is None or path not in self.tree:
            return []
        return [each for node in self.read(path, entry) for each in (listed(node) if node.is_list else [node])]


def _once(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    return tuple({(gap.at.source.path, gap.at.span, gap.message): gap for gap in gaps}.values())


def _both(fields: Fields, more: Fields) -> Fields:
    if more is DEFAULT or more == fields:
        return fields
    both = {name: tuple(dict.fromkeys((*getattr(fields, name), *getattr(more, name)))) for name in Fields._fields}
    return Fields(**both)


# when everything is taken in


def _finished(folder: str, made: _Made) -> Build:
    """The build of a root: hashes on generated names, references after them; what is for local use is left out."""
    gaps = list(made.gaps)
    items = []
    for item in made.items:
        try:
            items.append(_hashed(item) if item.hashed else item)
        except Unresolved:  # a replacement wrote into it what is not known
            gaps.append(Gap(item.node, f"{label(item.id)}: the hash in its name cannot be told"))
            items.append(item)
    items = renamed(items, made.fields, lambda place, words: gaps.append(Gap(place, words)))
    nodes = [_without_notes(item) for item in items if not _only_local(item.node)]
    if made.variables:
        names = frozenset(f"$({name})" for name in made.variables if name)
        nodes = [_with_variables(node, names) for node in nodes]
    return Build(folder, tuple(nodes), made.files, _once(gaps), made.inputs, made.idle, made.twice)


def _without_notes(item: Item) -> Node:
    """The object without annotations that hold nothing: kustomize kept its notes there."""
    metadata = mapping(item.node).get("metadata")
    notes = at(item.node, "metadata", "annotations")
    if not (item.before or item.hashed) or metadata is None or notes is None or not notes.is_mapping or mapping(notes):
        return item.node
    return with_field(item.node, "metadata", with_field(metadata, "annotations", None))


def _hashed(item: Item) -> Item:
    item = item.remembering()
    return item.renamed(f"{name_of(item.node)}-{name_hash(item.node)}")


def _only_local(node: Node) -> bool:
    mark = mapping(at(node, "metadata", "annotations")).get("config.kubernetes.io/local-config")
    return mark is not None and text(mark) != "false"


def _with_variables(node: Node, names: frozenset[str]) -> Node:
    """What `vars` may fill in is not known here."""
    value = node._value
    if type(value) is str:
        if "$(" in value and any(name in value for name in names):
            return holding(node, Expression(value, "is filled in by `vars`"))
    elif type(value) is dict:
        changed = {key: new for key, old in value.items() if (new := _with_variables(old, names)) is not old}
        return holding(node, {**value, **changed}) if changed else node
    elif type(value) is list:
        items = [_with_variables(old, names) for old in value]
        return node if all(new is old for new, old in zip(items, value, strict=True)) else holding(node, items)
    return node
