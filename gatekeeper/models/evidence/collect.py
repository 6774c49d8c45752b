"""The evidence that lies in a folder: manifests and what they name, and artifacts that nobody vouches for."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator

from gatekeeper.discover import MOST_EVIDENCE, Tree, Unreadable
from gatekeeper.models.evidence import FOLDER, Evidence, Origin, Trouble
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts
from gatekeeper.models.evidence.manifest import Manifest
from gatekeeper.node import Source

Verify = Callable[[bytes, bytes], str]  # the data and its detached signature; gives who signed, raises Unusable


def collect(tree: Tree, folders: Iterable[str] = (), verify: Verify | None = None) -> Iterator[Evidence]:
    """All evidence of `.gatekeeper/evidence` and of more folders (or single files) below the root."""
    below = dict.fromkeys((FOLDER, *(posixpath.normpath(folder) for folder in folders)))
    there = {folder: _files(tree, folder) for folder in below if not folder.startswith(("/", ".."))}
    signatures = {path for paths in there.values() for path in paths if path.endswith(".sig")}
    paths = [path for paths in there.values() for path in paths if not path.endswith((".sig", ".md"))]
    for folder, listed in there.items():
        if len(listed) >= MOST_EVIDENCE:
            many = Unusable("unreadable", f"{folder} holds {MOST_EVIDENCE} files and more: the rest is not read")
            yield _unusable(tree.source(folder), "", Origin(), many)
    manifests: list[tuple[str, Manifest, Origin]] = []
    loose: list[str] = []
    for path in sorted(dict.fromkeys(paths)):
        try:
            artifact = Artifact(tree.source(path), tree.data(path))
            found = _manifest(artifact)
            if found is None:
                loose.append(path)
            else:
                signature = f"{path}.sig" if f"{path}.sig" in signatures else ""
                manifests.append((path, found, _origin(tree, signature, artifact, found, verify)))
        except (Unreadable, Unusable) as error:
            yield _unusable(tree.source(path), "manifest", Origin(), error)
    named: set[str] = set()
    for path, manifest, origin in manifests:
        for piece in manifest.predicate.files:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), piece.path))
            named.add(target)
            yield from _piece(tree, path, target, piece.sha256, manifest.predicate.kind, origin)
    for path in loose:
        if path not in named:
            yield from _loose(tree, path)


def _files(tree: Tree, folder: str) -> list[str]:
    below = tree.below(folder)
    found = below or ([folder] if folder in tree or (tree.root / folder).is_file() else [])
    return [path for path in found if not path.rpartition("/")[2].startswith(".")]


def _manifest(artifact: Artifact) -> Manifest | None:
    from gatekeeper.models.evidence import manifest

    if artifact.name.endswith(".json") and manifest.recognises(artifact):
        return manifest.read(artifact)
    return None


def _origin(tree: Tree, signature: str, artifact: Artifact, manifest: Manifest, verify: Verify | None) -> Origin:
    """What a manifest says of the files it names. Raises `Unusable` when its signature is not right."""
    signer = verify(bytes(artifact.data), bytes(tree.data(signature))) if verify and signature else ""
    predicate = manifest.predicate
    return Origin(
        binding="signed" if signer else "manifest",
        commit=manifest.commit,
        dirty=predicate.dirty,
        made=predicate.finished_at,
        about=predicate.about,
        command=predicate.command,
        exit_code=predicate.exit_code,
        repository=manifest.repository,
        run=predicate.run.url,
        signer=signer,
    )


def _piece(tree: Tree, manifest: str, path: str, sha256: str, kind: str, origin: Origin) -> Iterator[Evidence]:
    if path.startswith(("../", "/")):
        outside = Unusable("unreadable", f"names {path}, which is outside the repository")
        yield _unusable(tree.source(manifest), kind, origin, outside)
        return
    source = tree.source(path)
    try:
        artifact = Artifact(source, tree.data(path))
    except Unreadable as error:
        missing = Unusable("no-evidence", f"names {path}, which cannot be read: {error}")
        yield _unusable(tree.source(manifest), kind, origin, missing)
        return
    if artifact.sha256 != sha256.lower():
        changed = Unusable("wrong-subject", f"wrong hash: {path} is not the file that was made, its sha256 differs")
        yield _unusable(tree.source(manifest), kind, origin, changed)
        return
    yield from _facts(artifact, kind.replace("-", "_"), origin)


def _loose(tree: Tree, path: str) -> Iterator[Evidence]:
    from gatekeeper.models.evidence.readers import recognise

    source = tree.source(path)
    try:
        artifact = Artifact(source, tree.data(path))
    except Unreadable as error:
        yield _unusable(source, "", Origin(), error)
        return
    format = recognise(artifact)
    if format is None:
        unknown = Unusable("unreadable", "no format that is known; `gatekeeper evidence --help` lists them")
        yield _unusable(source, "", Origin(), unknown)
    else:
        yield from _facts(artifact, format, Origin())


def _facts(artifact: Artifact, format: str, origin: Origin) -> Iterator[Evidence]:
    from gatekeeper.models.evidence.readers import FORMATS, read

    if format not in FORMATS:
        unknown = Unusable("unreadable", f"no evidence is of kind {format!r}; `gatekeeper evidence --help` lists them")
        yield _unusable(artifact.source, format, origin, unknown)
        return
    try:
        for facts in read(artifact, format):
            yield Evidence(artifact.source, format, _self_bound(origin, facts), facts)
    except Unusable as error:
        yield _unusable(artifact.source, format, origin, error)


def _self_bound(origin: Origin, facts: Facts) -> Origin:
    """The origin of what nobody vouches for, as far as the artifact names it itself."""
    if origin.binding != "unbound" or not facts.commit:
        return origin
    return Origin("itself", commit=facts.commit, dirty=facts.dirty, made=facts.made)


def _unusable(source: Source, format: str, origin: Origin, error: Unreadable | Unusable) -> Evidence:
    reason, line = (error.reason, error.line) if isinstance(error, Unusable) else ("unreadable", 1)
    return Evidence(source, format, origin, trouble=Trouble(reason, str(error), line))
