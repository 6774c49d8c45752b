"""Keep what a CI step proves: which files it wrote, of which commit, when, and how it ended.

`run` starts the step's own command and ends with its exit code; `add` takes a file that is there already; `list` shows
what lies in .gatekeeper/evidence. Let git ignore that folder, and hand it from job to job as an artifact. The others
are `add` for what a server answered about its settings: nothing is asked here, and the file must be that answer.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from mmap import mmap
from pathlib import Path
from typing import NamedTuple

from gatekeeper.commands.arguments import Wrong
from gatekeeper.commands.audit import check_root
from gatekeeper.discover import Tree, Unreadable, Unwritable, discover, read_data, write_below
from gatekeeper.git import Commit, commit_of, origin_of, tracked
from gatekeeper.meant import meant
from gatekeeper.models.evidence import FOLDER
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts
from gatekeeper.models.evidence.manifest import CiRun, Digest, Judged, Manifest, Piece, Predicate, Tool, write
from gatekeeper.models.evidence.readers import FORMATS, read, recognise
from gatekeeper.node import Source, regex
from gatekeeper.renderers.sanitise import visible

EXAMPLES = f"""\
kinds:
  {", ".join(FORMATS[:8])},
  {", ".join(FORMATS[8:16])},
  {", ".join(FORMATS[16:])}

examples:
  gatekeeper evidence run --kind junit -- pytest --junitxml=junit.xml
  gatekeeper evidence run --kind terraform_validate --about infra --capture -- terraform -chdir=infra validate -json
  gatekeeper evidence add --kind trivy trivy.json
  gatekeeper evidence add snapshot.json          the kind is recognised by what is in it
  gh api repos/OWNER/NAME/environments > environments.json
  gatekeeper evidence github-environments environments.json
  gatekeeper evidence list
"""


class Answer(NamedTuple):
    """What a server is asked for, by which command, and the kind of evidence that its answer is.

    `classic`: whether it is the older of two answers that are of one kind of evidence; None where there is but one.
    """

    kind: str
    help: str
    asked: str
    about: str = ""
    classic: bool | None = None


ANSWERS = {
    "github-environments": Answer(
        "github_environments",
        "who must approve before an environment of GitHub is deployed to",
        "gh api repos/OWNER/NAME/environments",
    ),
    "github-rulesets": Answer(
        "github_rules",
        "what rulesets of GitHub demand before a merge: reviews and checks",
        "gh api repos/OWNER/NAME/rules/branches/main",
        "the branch that was asked about, which the answer does not name",
        classic=False,
    ),
    "github-branch-protection": Answer(
        "github_rules",
        "what the older protection of a branch demands before a merge",
        "gh api repos/OWNER/NAME/branches/main/protection",
        classic=True,
    ),
    "gitlab-environments": Answer(
        "gitlab_environments",
        "who must approve before a protected environment of GitLab is deployed to",
        "glab api projects/ID/protected_environments",
    ),
}


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    run = actions.add_parser("run", help="run a command and keep what it wrote")
    run.add_argument("--file", action="append", default=[], metavar="FILE", help="what it writes; else found by itself")
    run.add_argument("--capture", action="store_true", help="keep what it prints to standard output")
    run.add_argument("words", nargs="+", metavar="COMMAND", help="the command, behind --")
    added = actions.add_parser("add", help="keep files that are there already")
    added.add_argument("words", nargs="+", metavar="FILE")
    for action in (run, added):
        action.add_argument("--kind", metavar="KIND", help="the format; recognised by itself when left out")
        action.add_argument("--about", default="", metavar="WHAT", help="the folder or image that it is about")
    for name, answer in ANSWERS.items():
        _add_answer(actions, name, answer)
    listed = actions.add_parser("list", help="what lies in .gatekeeper/evidence")
    for action in (run, added, listed):
        action.add_argument("--root", default=".", metavar="ROOT", help="the repository; this folder when left out")


def _add_answer(actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, answer: Answer) -> None:
    about = f"--about main {answer.kind}.json" if answer.about else f"{answer.kind}.json"
    example = f"example:\n  {answer.asked} > {answer.kind}.json\n  gatekeeper evidence {name} {about}\n"
    parser = actions.add_parser(
        name, help=answer.help, description=f"Keep {answer.help}: the answer to `{answer.asked}`, saved to a file.",
        epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("words", nargs=1, metavar="FILE", help=f"the answer to: {answer.asked}")
    parser.add_argument("--about", default="", metavar="BRANCH", help=answer.about or argparse.SUPPRESS)
    parser.add_argument("--root", default=".", metavar="ROOT", help="the repository; this folder when left out")
    parser.set_defaults(kind=answer.kind)


def run(options: argparse.Namespace) -> int:
    root = Path(options.root)
    check_root(root)
    if options.action == "list":
        print("\n".join(_listed(discover(root))) or f"no evidence in {root / FOLDER}")
        return 0
    kind = (options.kind or "").replace("-", "_")
    if kind and kind not in FORMATS:
        raise Wrong(_no_kind(options.kind))
    commit = commit_of(root)
    if commit is None:
        raise Wrong(f"{root}: no commit is checked out here, and evidence is bound to a commit")
    if options.action in ANSWERS:
        _check_answer(Path(options.words[0]), options.action)
    if options.action == "add" or options.action in ANSWERS:
        step = Step(commit, "", None, datetime.datetime.now(datetime.UTC), None)
        _keep(root, [Path(word) for word in dict.fromkeys(options.words)], kind, options.about, step)
        return 0
    return _run(root, options, kind, commit)


_CLASSIC = regex(r'"(?:enforce_admins|required_pull_request_reviews|required_signatures|allow_force_pushes)"')


def _check_answer(path: Path, name: str) -> None:
    """Refuse a file that is not the answer it is said to be, or says nothing."""
    answer = ANSWERS[name]
    artifact = _artifact(path)
    asked = f"{path}: not the answer to `{answer.asked}`"
    found = recognise(artifact)
    if found != answer.kind:
        told = f": it looks like {found}" if found else ""
        raise Wrong(f"{asked}{told}")
    try:
        read(artifact, answer.kind)
    except Unusable as error:
        raise Wrong(f"{path}: {visible(str(error))}") from None
    classic = bool(_CLASSIC.search(bytes(artifact.data[:65536]).decode("utf-8", "replace")))
    if answer.classic is not None and answer.classic is not classic:
        other = next(each for each, one in ANSWERS.items() if one.classic is classic)
        raise Wrong(f"{asked}; it is one for `gatekeeper evidence {other}`")


class Step(NamedTuple):
    """What was run, at which commit, from when to when, and how it ended; no command where a file is only added.

    `folder` is where it was run, as seen from the root; `captured` whether what it printed is kept.
    """

    commit: Commit
    command: str
    exit_code: int | None
    finished: datetime.datetime
    started: datetime.datetime | None
    folder: str = ""
    captured: bool = False


def _run(root: Path, options: argparse.Namespace, kind: str, commit: Commit) -> int:
    from tempfile import TemporaryDirectory

    started = datetime.datetime.now(datetime.UTC)
    with TemporaryDirectory() as folder:
        captured = Path(folder, "captured.txt") if options.capture else None
        code = _ended(options.words, captured)
        step = Step(
            _judged(commit, commit_of(root)), _text(shlex.join(_redacted(options.words))), code,
            datetime.datetime.now(datetime.UTC), started, os.path.relpath(os.curdir, root), options.capture,
        )  # fmt: skip
        try:
            written = [captured] if captured else _written(root, options.file, options.words, started)
            _keep(root, written, kind, options.about, step)
        except Wrong as wrong:
            if not code:
                raise
            sys.stderr.write(f"gatekeeper: {wrong}\n")  # that the command failed says more
        return code


def _judged(before: Commit, after: Commit | None) -> Commit:
    """The commit that a command judged, from what was checked out when it began and when it ended."""
    if after and after.id == before.id:
        return Commit(before.id, before.dirty or after.dirty)
    now = after.id[:7] if after else "none"
    sys.stderr.write(f"the commit that is checked out changed during the run: from {before.id[:7]} to {now}\n")
    return Commit(before.id, dirty=True)


def _ended(words: Sequence[str], captured: Path | None) -> int:
    """Run the command, its standard output into a file where that is wanted; gives its exit code."""
    import subprocess

    try:
        if captured is None:
            return subprocess.run(words, check=False).returncode
        with captured.open("wb") as file:
            return subprocess.run(words, stdout=file, check=False).returncode
    except OSError as error:
        raise Wrong(f"{words[0]}: {(error.strerror or 'cannot be run').lower()}") from None


def _written(root: Path, named: Sequence[str], words: Sequence[str], started: datetime.datetime) -> list[Path]:
    """The files that the command wrote: those named, else those among its words that are newer than its start, and are
    no part of the repository."""
    if named:
        old = [name for name in named if not _newer(Path(name), started)]
        if old:
            raise Wrong(f"{', '.join(old)}: not written by the command; it is from an earlier run, or not there")
        return [Path(name) for name in named]
    candidates = [word.partition("=")[2] or word for word in words[1:]]
    known = {os.path.realpath(root / path) for path in tracked(root)}
    fresh = [Path(each) for each in dict.fromkeys(candidates) if each and _newer(Path(each), started)]
    found = [path for path in fresh if os.path.realpath(path) not in known]
    if not found:
        raise Wrong("the command wrote no file that it names; name it with --file, or --capture what it prints")
    return found


def _newer(path: Path, started: datetime.datetime) -> bool:
    try:
        return path.is_file() and path.stat().st_mtime >= started.timestamp() - 2  # seconds that file systems round to
    except (OSError, ValueError):
        return False


def _keep(root: Path, paths: Sequence[Path], kind: str, about: str, step: Step) -> None:
    """Copy files beside a manifest that names them by hash; says what it kept."""
    artifacts = [(path, _artifact(path)) for path in paths]
    kind = kind or _recognised(artifacts)
    facts = [each for path, artifact in artifacts for each in _facts(path, artifact, kind)]
    if not step.command:
        step = step._replace(finished=_finished(step.finished, paths, facts))
    name = _name(root, paths, kind, about, step)
    pieces: list[Piece] = []
    for (_, artifact), copy in zip(artifacts, _copies(paths), strict=True):
        _write(root, f"{FOLDER}/{name}/{copy}", artifact.data)
        pieces.append(Piece(f"{name}/{copy}", artifact.sha256))
    target = f"{FOLDER}/{name}.json"
    _write(root, target, write(_manifest(root, pieces, kind, about, step, _tool(facts, step))).encode())
    dirty = " (dirty: it proves nothing about the commit)" if step.commit.dirty else ""
    sys.stderr.write(f"{root / target}: {kind}, bound to {step.commit.id[:7]}{dirty}\n")


def _finished(now: datetime.datetime, paths: Sequence[Path], facts: Sequence[Facts]) -> datetime.datetime:
    """When files that are only added were made, at the latest: as old as the oldest of them is, or says it is."""
    written = (max(0.0, min(path.stat().st_mtime, now.timestamp())) for path in paths)
    times = [datetime.datetime.fromtimestamp(seconds, datetime.UTC) for seconds in written]
    return min(now, *times, *(each.made for each in facts if each.made)).astimezone(datetime.UTC)


def _name(root: Path, paths: Sequence[Path], kind: str, about: str, step: Step) -> str:
    """The same for the same step, so that evidence is replaced when it is run again."""
    files = [] if step.captured else [os.path.relpath(path, root) for path in paths]
    words = "\0".join((step.command, step.folder, about, *files))
    return f"{kind}-{hashlib.sha256(os.fsencode(words)).hexdigest()[:8]}"


def _copies(paths: Sequence[Path]) -> list[str]:
    """What the copies are called: as the files are, numbered when two of them are called the same."""
    names = [_text(path.name) for path in paths]
    if len({name.casefold() for name in names}) == len(names):
        return names
    return [f"{number}-{name}" for number, name in enumerate(names, 1)]


def _write(root: Path, path: str, data: bytes | mmap) -> None:
    try:
        write_below(root, path, data, replace=True)
    except Unwritable as error:
        raise Wrong(str(error)) from None


def _artifact(path: Path) -> Artifact:
    try:
        return Artifact(Source(path.name, ""), read_data(path.resolve().parent, path.name))
    except Unreadable as error:
        raise Wrong(f"{path}: {error}") from None


def _recognised(artifacts: Sequence[tuple[Path, Artifact]]) -> str:
    kinds = {recognise(artifact) or "" for _, artifact in artifacts}
    if len(kinds) != 1 or "" in kinds:
        names = ", ".join(str(path) for path, _ in artifacts)
        raise Wrong(f"{names}: the format is not recognised; name it with --kind, one of {', '.join(FORMATS)}")
    return kinds.pop()


def _facts(path: Path, artifact: Artifact, kind: str) -> Iterable[Facts]:
    """What a file says; one that cannot be read as its kind is kept all the same, and said."""
    try:
        return read(artifact, kind)
    except Unusable as error:
        sys.stderr.write(f"{visible(str(path))}: kept, but it proves nothing: {visible(str(error))}\n")
        return ()


def _tool(facts: Sequence[Facts], step: Step) -> Tool:
    """The tool that wrote the files, as the first of them says; else the program that was run."""
    if not facts:
        return Tool()
    name = facts[0].tool or (os.path.basename(shlex.split(step.command)[0]) if step.command else "")
    return Tool(name, facts[0].version)


def _manifest(root: Path, pieces: list[Piece], kind: str, about: str, step: Step, tool: Tool) -> Manifest:
    predicate = Predicate(
        kind=kind,
        files=pieces,
        finished_at=step.finished.replace(microsecond=0),
        started_at=step.started.replace(microsecond=0) if step.started else None,
        about=_text(about),
        command=step.command,
        exit_code=step.exit_code,
        dirty=step.commit.dirty,
        tool=tool,
        run=_ci_run(),
    )
    repository = f"git+{origin_of(root) or root.resolve().name}"
    return Manifest(subject=[Judged(repository, Digest(step.commit.id))], predicate=predicate)


def _ci_run() -> CiRun:
    """The pipeline run this is part of, from the variables that GitHub and GitLab set."""
    get = os.environ.get
    if get("GITHUB_RUN_ID"):
        url = f"{get('GITHUB_SERVER_URL', '')}/{get('GITHUB_REPOSITORY', '')}/actions/runs/{get('GITHUB_RUN_ID', '')}"
        return CiRun(url, get("GITHUB_RUN_ID", ""), get("GITHUB_RUN_ATTEMPT", ""), get("GITHUB_JOB", ""))
    if get("GITLAB_CI"):
        return CiRun(get("CI_JOB_URL", ""), get("CI_PIPELINE_ID", ""), "", get("CI_JOB_NAME", ""))
    return CiRun()


_SECRETIVE = r"[\w.-]{0,60}(?:token|secret|passw(?:or)?d|passphrase|pwd|api[_-]?key|credential)[\w.-]{0,60}"
_SECRET_VALUE = regex(rf"((?:^|[?&;\s\"'-]){_SECRETIVE}=)[^&\s\"']+", re.I)
_SECRET_OPTION = regex(rf"--?(?:{_SECRETIVE}|(?:[\w-]{{1,60}}-)?pass)\Z", re.I)
_USER_OPTION = ("-u", "--user")  # curl's: the password stands behind a colon
_HEADER = regex(r"((?:authorization|cookie|[\w-]{0,60}(?:token|key))\s{0,5}:\s{0,5}).+", re.I)
_CREDENTIALS = regex(r"(\w+://)[^/@\s]{1,500}@")


def _redacted(words: Sequence[str]) -> Iterator[str]:
    """The words of a command without what looks like a secret: the manifest is handed on."""
    for before, word in pairwise(("", *words)):
        if _SECRET_OPTION.match(before) or (before in _USER_OPTION and ":" in word):
            yield "***"
        else:
            yield _CREDENTIALS.sub(r"\1***@", _HEADER.sub(r"\1***", _SECRET_VALUE.sub(r"\1***", word)))


def _text(name: str) -> str:
    """A name as text: bytes that are no UTF-8 become replacement characters."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _no_kind(kind: str) -> str:
    hint = meant(kind.replace("-", "_"), FORMATS, f"one of {', '.join(FORMATS)}")
    return f"no evidence is of kind {kind!r}; {hint}"


def _listed(tree: Tree) -> Iterator[str]:
    from gatekeeper.models.evidence.collect import collect

    for each in collect(tree):
        origin = each.origin
        made = origin.made or (each.facts.made if each.facts else None)
        words = [each.format or "unknown", origin.binding]
        words += [f"commit {origin.commit[:7]}{' dirty' if origin.dirty else ''}"] if origin.commit else []
        words += [f"made {made:%Y-%m-%d %H:%M}"] if made else []
        words += [f"about {origin.about}"] if origin.about else []
        words += [f"exit code {origin.exit_code}"] if origin.exit_code else []
        words += [f"{each.trouble.reason}: {each.trouble.message}"] if each.trouble else []
        yield visible(f"{each.path}  {', '.join(words)}")
