"""helm, to render charts: on a copy of each, with an empty home, without a repository, a plugin or a cluster to ask.

What a chart depends on and is not here is named, never fetched.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from gatekeeper.analysers import program
from gatekeeper.analysers.sandbox import Sandbox, sandbox
from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.reported import words
from gatekeeper.models.helm import FILE_NAME, Chart, Dependency
from gatekeeper.models.helm.rendered import makes_up

KUBERNETES = "1.33.0"  # what charts are told that the cluster is, so that every helm renders the same
NAMESPACE = "default"
SECONDS = 600.0  # for all charts together
FILES = 5000  # of one chart with all its parts
SIZE = 64_000_000  # bytes of these, and of what comes out

_RELEASE = re.compile(r"[a-z](?:[a-z0-9-]{0,50}[a-z0-9])?")
_UNRENDERED = "template-unrendered"


class Helm(NamedTuple):
    """The program, and how it is found."""

    name: str = "helm"
    packages: tuple[str, ...] = ()
    install: str = "see helm.sh for how to install it"
    environment: Mapping[str, str] = {}


TOOL = Helm()


class Output(NamedTuple):
    """What helm made of a chart, `again` a second time where that may differ; or the `trouble`, in words."""

    chart: Chart
    values: str = ""
    text: str = ""
    again: str = ""
    trouble: str = ""


class _Prepared(NamedTuple):
    """The copy of a chart, and the files of values to try, each list with its name in words."""

    chart: Chart
    files: dict[str, bytes]
    attempts: list[tuple[str, tuple[str, ...]]]
    twice: bool


def version_of(path: Path, root: Path) -> str:
    """The version of helm. Raises `Unusable` for a program that names none."""
    with sandbox(path, TOOL, root) as room:
        said = room.run(("version", "--short"))
    version = program.version_in(said.out.decode("utf-8", "replace"))
    if said.code or not version:
        raise Unusable("tool-error", f"{path} names no version: {TOOL.install}")
    return version


def render(tree: Tree, wanted: Sequence[str], charts: Sequence[Chart]) -> tuple[str, list[Output]]:
    """The version of helm, and every chart of the wanted folders rendered. Raises `Unusable` without a helm."""
    path = program.find(TOOL, tree.root)
    version = version_of(path, tree.root)
    until = monotonic() + SECONDS

    def work(prepared: _Prepared) -> Output:
        if monotonic() > until:
            return Output(prepared.chart, trouble=f"all charts together took more than {SECONDS:g} seconds")
        try:
            with sandbox(path, TOOL, tree.root) as room:
                return _rendered(prepared, room)
        except Unusable as error:
            return Output(prepared.chart, trouble=str(error))
        except (OSError, ValueError) as error:
            return Output(prepared.chart, trouble=f"its copy could not be made ({type(error).__name__})")

    found: list[Output] = []
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 4)) as pool:
        running = []
        for chart in charts:
            if chart.folder in wanted:
                try:  # the tree is asked in this thread alone
                    running.append(pool.submit(work, _prepared(chart, charts, tree)))
                except Unusable as error:
                    found.append(Output(chart, trouble=str(error)))
        found += [each.result() for each in running]
    return version, found


def _prepared(chart: Chart, charts: Sequence[Chart], tree: Tree) -> _Prepared:
    """The files of a chart with those it depends on. Raises `Unusable` where something is missing."""
    files: dict[str, bytes] = {}
    _copy(chart, "chart", files, {each.folder: each for each in charts}, tree, 0)
    return _Prepared(chart, files, list(_attempts(chart, tree, files)), makes_up(chart, tree))


def _copy(chart: Chart, to: str, files: dict[str, bytes], by_folder: dict[str, Chart], tree: Tree, depth: int) -> None:
    prefix = f"{chart.folder}/" if chart.folder else ""
    parts = posixpath.join(chart.folder, "charts")
    there = dict.fromkeys([*(path for path in tree.paths if path.startswith(prefix)), *tree.below(parts)])
    size = sum(map(len, files.values()))
    for path in there:
        if path.endswith((".md", ".png", ".svg")):
            continue
        try:
            data = bytes(tree.data(path))
        except Unreadable as error:
            raise Unusable(_UNRENDERED, f"{words(path)} cannot be read: {error}") from None
        size += len(data)
        if len(files) >= FILES or size > SIZE:
            raise Unusable(_UNRENDERED, f"its folder is too large ({FILES} files and {SIZE // 1_000_000} MB at most)")
        files[f"{to}/{path.removeprefix(prefix)}"] = data
    for number, each in enumerate(chart.dependencies):
        if _is_there(each, prefix, there, by_folder):
            continue
        local = by_folder.get(posixpath.normpath(posixpath.join(chart.folder, each.local))) if each.local else None
        if local is None or depth > 5:
            where = f" from {words(each.repository)}" if each.repository else ""
            raise Unusable(_UNRENDERED, f"needs helm dependency build: chart {words(each.name)}{where}")
        _copy(local, f"{to}/charts/local-{number}", files, by_folder, tree, depth + 1)
    for part in by_folder.values():
        if part.is_part and part.part_of == chart.folder and depth <= 5:
            _check_part(part, there, by_folder, tree)


def _check_part(part: Chart, there: Mapping[str, None], by_folder: dict[str, Chart], tree: Tree) -> None:
    """What a part in `charts/` depends on has to be in its own: helm leaves out what is not there without a word."""
    prefix = f"{part.folder}/"
    for each in part.dependencies:
        if not _is_there(each, prefix, there, by_folder):
            raise Unusable(
                _UNRENDERED, f"needs helm dependency build in {words(part.folder)}: chart {words(each.name)}"
            )


def _is_there(wanted: Dependency, prefix: str, there: Mapping[str, None], by_folder: dict[str, Chart]) -> bool:
    """Whether a chart is in `charts/`, as a folder or an archive."""
    archive = re.compile(re.escape(f"{prefix}charts/{wanted.name}-") + r"v?[0-9][^/]*\.tgz")
    folder = f"{prefix}charts/{wanted.name}/{FILE_NAME}"
    if folder in there or any(path.endswith(".tgz") and archive.fullmatch(path) for path in there):
        return True
    return any(
        each.chart_name == wanted.name and posixpath.dirname(each.folder) == f"{prefix}charts"
        for each in by_folder.values()
    )


_PRODUCTION = frozenset({"prod", "production", "prd"})
_SEALED = frozenset({"enc", "encrypted", "secret", "secrets", "sops"})


def production_values(chart: Chart, tree: Tree) -> list[str]:
    """The files of values for production that stand beside a chart's own, or in a folder `values`."""
    found = []
    for path in tree.paths:
        folder, _, name = path.rpartition("/")
        stem, _, ending = name.rpartition(".")
        if ending not in ("yaml", "yml") or folder not in (chart.folder, posixpath.join(chart.folder, "values")):
            continue
        parts = set(re.split(r"[._-]", stem.lower()))
        if folder != chart.folder:
            parts.add("values")
        if "values" in parts and parts & _PRODUCTION and not parts & _SEALED:
            found.append(path)
    return sorted(found)


def _attempts(chart: Chart, tree: Tree, files: dict[str, bytes]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The values to render with, the first that work: production's, the chart's own, those of its tests (ci/)."""
    own = "values.yaml" if chart.has("values.yaml") else "no values"
    ci = posixpath.join(chart.folder, "ci")
    tried = sorted(
        path for path in tree.paths if posixpath.dirname(path) == ci and path.endswith(("values.yaml", "values.yml"))
    )
    for number, path in enumerate([*production_values(chart, tree)[:1], "", *tried[:3]]):
        if not path:
            yield own, ()
            continue
        name = f"values-{number}.yaml"  # the path itself may hold a comma, at which helm parts it
        try:
            files[name] = bytes(tree.data(path))
        except Unreadable:
            continue
        shown = path.removeprefix(f"{chart.folder}/")
        yield (f"{own} and {shown}", (name,))


def _rendered(prepared: _Prepared, room: Sandbox) -> Output:
    for path, data in prepared.files.items():
        target = Path(room.tree, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            file.write(data)
    trouble = ""
    for values, names in prepared.attempts:
        call = _call(prepared.chart, room.tree, names)
        done = room.run(call)
        if not done.code and len(done.out) <= SIZE:
            again = room.run(call) if prepared.twice else None
            return Output(prepared.chart, values, _text(done.out), _text(again.out) if again else "")
        if done.code < 0:
            trouble = "helm was ended: it ran into the limits of memory or time"
        if not trouble or not names:  # what the chart's own values come to says most
            trouble = "its output is too large" if not done.code else trouble or _error(done.err, room.tree)
    return Output(prepared.chart, trouble=trouble)


def _call(chart: Chart, folder: Path, values: tuple[str, ...]) -> tuple[str, ...]:
    release = chart.chart_name if _RELEASE.fullmatch(chart.chart_name) else "release"
    # Every cluster has it, and helm's own list leaves it out: a chart asks for it and writes v1beta1 else.
    known = ("--api-versions", "apiregistration.k8s.io/v1")
    options = ("--namespace", NAMESPACE, "--kube-version", KUBERNETES, *known, "--skip-tests")
    files = tuple(word for name in values for word in ("--values", str(folder / name)))
    return ("template", release, str(folder / "chart"), *options, *files)


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")


def _error(said: bytes, folder: Path) -> str:
    """The first line of an error, without where the copy stood."""
    lines = [line.strip() for line in _text(said[:20_000]).splitlines()]
    first = next((line for line in lines if line.startswith("Error:")), next(iter(lines), ""))
    return words(first.removeprefix("Error:").strip().replace(f"{folder}/chart", "").replace(str(folder), ""), 300)
