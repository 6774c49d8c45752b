"""trivy, for known vulnerabilities of what lock files name (https://trivy.dev/latest/docs/target/filesystem/).

It is run with the vulnerability database that the user has, since it must not fetch one, and speaks of the day of that
database. So its answer is not one of the files alone, and is not kept. Its report has a reader of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gatekeeper.analysers.program import is_inside
from gatekeeper.analysers.tool import Output, Tool
from gatekeeper.analysers.workspace import Workspace
from gatekeeper.discover import Tree
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Scan
from gatekeeper.models.evidence.reported import moment, some, words
from gatekeeper.node import Source

_LOCK_FILES = frozenset(
    """package-lock.json yarn.lock pnpm-lock.yaml bun.lock poetry.lock uv.lock Pipfile.lock Gemfile.lock composer.lock
    Cargo.lock go.mod gradle.lockfile packages.lock.json mix.lock pubspec.lock Podfile.lock Package.resolved""".split()
)
_BESIDE = frozenset({"package.json", "go.sum", "pyproject.toml", "requirements.txt", "pom.xml", "Cargo.toml"})


def _choose(tree: Tree, paths: Sequence[str]) -> Workspace:
    return Workspace(tree, (path for path in paths if path.rpartition("/")[2] in _LOCK_FILES | _BESIDE))


def _calls(workspace: Workspace, folder: str) -> list[tuple[str, ...]]:
    _made(_cache(workspace))
    options = ("--scanners=vuln", "--format=json", "--quiet", "--offline-scan", "--exit-code=0")
    kept = ("--skip-db-update", "--skip-java-db-update", f"--cache-dir={_cache(workspace)}")
    return [("filesystem", *options, *kept, folder)]


def _read(outputs: Sequence[Output], workspace: Workspace) -> Scan:
    from gatekeeper.models.evidence.readers import trivy as reader

    output = outputs[0]
    if output.code:
        raise Unusable("tool-error", f"trivy ended with exit code {output.code} and judged nothing")
    found = list(reader.read(Artifact(Source("trivy.json", ""), _of_the_root(output.out))))
    scan = next((each for each in found if isinstance(each, Scan) and each.kind == "vulnerabilities"), None)
    if scan is None:
        raise Unusable("empty", f"trivy found nothing to look up in {len(workspace.texts)} files")
    locks = {path for path in workspace.texts if path.rpartition("/")[2] in _LOCK_FILES}
    silent = (f"{words(path)}: trivy says nothing about it" for path in sorted(locks - set(scan.targets)))
    incomplete = (*some(silent), *scan.incomplete)
    return msgspec.structs.replace(scan, made=_made(_cache(workspace)), incomplete=incomplete)


def _of_the_root(report: bytes) -> bytes:
    """The report as if the repository itself had been scanned, so that its paths are those of the repository."""
    try:
        said = msgspec.json.decode(report, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unusable("tool-error", "trivy wrote no report in JSON") from None
    return msgspec.json.encode({**said, "ArtifactName": "."})


def _cache(workspace: Workspace) -> Path:
    """Where trivy keeps its database. Raises `Unusable` for a place in the repository, which may bring its own."""
    home = os.path.expanduser("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    place = os.environ.get("TRIVY_CACHE_DIR") or os.path.join(os.environ.get("XDG_CACHE_HOME") or home, "trivy")
    folder = Path(os.path.abspath(place))
    if is_inside(folder, workspace.root):
        raise Unusable(
            "tool-error", f"trivy's database ({folder}) is in the repository that is judged: keep it outside"
        )
    return folder


def _made(cache: Path) -> Any:
    """The day of the vulnerability database. Raises `Unusable` without one."""
    try:
        about = msgspec.json.decode((cache / "db" / "metadata.json").read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        advice = "trivy image --download-db-only gets it"
        raise Unusable("tool-error", f"trivy has no vulnerability database in {cache}; {advice}") from None
    made = moment(str(about.get("UpdatedAt")))
    if made is None:
        raise Unusable("tool-error", f"trivy's vulnerability database in {cache} does not say of what day it is")
    return made


TOOL = Tool(
    name="trivy",
    packages=("trivy",),
    install="see trivy.dev for how to install it",
    reads="lock file",
    choose=_choose,
    calls=_calls,
    read=_read,
    by_content=False,
)
