"""Write what a person states about a criterion: .gatekeeper/attestations/CRITERION-DATE.yaml.

Without --statement it says what is asked, what would be written, and what is missing. Nothing is overwritten.
"""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gatekeeper import gates
from gatekeeper.catalogue import home
from gatekeeper.commands.arguments import Wrong, every_rule, hooks
from gatekeeper.commands.audit import check_root
from gatekeeper.days import day
from gatekeeper.discover import Unwritable, discover, write_below
from gatekeeper.git import ask, commit_of, named
from gatekeeper.globs import covers
from gatekeeper.links.attested import attested
from gatekeeper.meant import meant
from gatekeeper.models.attestations import FOLDER, Attestation
from gatekeeper.node import Source
from gatekeeper.project import Project
from gatekeeper.renderers.sanitise import visible

EXAMPLES = """\
examples:
  gatekeeper attest restore-tested            what is asked, and what is missing
  gatekeeper attest restore-tested --statement "Restored last night's snapshot, row counts compared, 41 min" \\
      --covers infra/rds.tf docs/runbooks/restore.md --link https://example.com/OPS-411
  gatekeeper attest qa-sign-off --not-met --statement "Checkout fails with an empty basket" --ticket QA-7
  gatekeeper attest handoff-accepted --statement "On-call took it over" --by "B. Ops <ops@example.com>" \\
      --sign ~/.ssh/id_ed25519
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("criterion", metavar="CRITERION", help="what is attested; `gatekeeper explain GATE` lists them")
    parser.add_argument("root", nargs="?", default=".", metavar="ROOT", help="the repository; this folder if left out")
    said = parser.add_argument_group("what is stated, and by whom")
    said.add_argument("--statement", default="", metavar="TEXT", help="what was done, and what came of it")
    said.add_argument("--not-met", action="store_true", help="it is not met: the criterion fails")
    said.add_argument("--by", default="", metavar='"NAME <EMAIL>"', help="who states it; else whom git's settings name")
    said.add_argument("--role", default="", metavar="ROLE", help="as what")
    said.add_argument("--on", default="", metavar="DATE", help="the day it was done; else today")
    said.add_argument("--expires", default="", metavar="DATE", help="its last day; else as late as is accepted")
    said.add_argument("--sign", default="", metavar="KEY", help="sign it with a private SSH key")
    about = parser.add_argument_group("what it is about")
    about.add_argument("--at-commit", default="", metavar="REVISION", help="the commit; else the one checked out")
    about.add_argument(
        "--covers", action="extend", nargs="+", default=[], metavar="GLOB", help="it ends when these change"
    )
    about.add_argument("--link", action="extend", nargs="+", default=[], metavar="URL", help="where it can be seen")
    about.add_argument("--ticket", default="", metavar="ID")


def run(options: argparse.Namespace) -> int:
    root = Path(options.root)
    check_root(root)
    gate, asked = _asked(options.criterion)
    draft = _draft(options, root, asked)
    if not options.statement.strip():
        print("\n".join(map(visible, _question(gate, asked, draft))))
        return 2
    project = _checked(draft, root, options.covers)
    _written(draft, root)
    if options.sign:
        _sign(root / draft.path, Path(options.sign).expanduser())
    for line in (f"{root / draft.path}: written; holds until {draft.fields['expires']} at the latest", *draft.notes):
        print(visible(line))
    missing = _missing(asked, project, signed=bool(options.sign))
    if missing:
        print(visible(f"so far: {'; '.join(missing)}"))
    return 0


class Draft(NamedTuple):
    """What is to be written: the fields in their order, where, and what the person is to know about them."""

    path: str
    fields: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        import yaml

        text: str = yaml.safe_dump(self.fields, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
        return text.replace("\n'on': ", "\non: ", 1)  # quoted for YAML 1.1, where `on` is true


def _asked(wanted: str) -> tuple[gates.Definition, gates.Asked]:
    """The criterion of that name and its gate. Raises `Wrong` for one that no statement can settle."""
    definitions = gates.load(home() / "gates.yaml")
    every = {asked.id: (gate, asked) for gate in definitions for asked in gate.criteria}
    asked = every[wanted][1] if wanted in every else None
    if asked and asked.attest:
        return every[wanted]
    if asked and asked.evidence:
        raise Wrong(f"{wanted} is proven by evidence ({', '.join(asked.evidence)}) only; next: {asked.next}")
    if any(rule.id == wanted for rule in every_rule(hooks([]))):
        raise Wrong(
            f"{wanted} is judged by what the files say, and by nobody's word; see `gatekeeper explain {wanted}`"
        )
    possible = sorted(name for name, (_, asked) in every.items() if asked.attest)
    hint = meant(wanted, possible, f"these can be attested: {', '.join(possible)}")
    raise Wrong(f"no criterion {wanted!r}; {hint}")


def _draft(options: argparse.Namespace, root: Path, asked: gates.Asked) -> Draft:
    assert asked.attest
    today = datetime.date.today()
    on = _day("--on", options.on) or today
    if on > today:
        raise Wrong(f"--on {on}: that day is yet to come")
    last = on + datetime.timedelta(asked.attest.days)
    if last < today:
        raise Wrong(f"--on {on}: it would have expired on {last}")
    expires = _day("--expires", options.expires) or last
    notes = (
        [f"--expires {expires} is cut: {asked.id} accepts {asked.attest.days} days at most"] if expires > last else []
    )
    fields = {
        "criterion": asked.id,
        "statement": options.statement.strip(),
        "result": "not-met" if options.not_met else "met",
        "by": _person(options, root),
        "on": on,
        "expires": min(expires, last),
        "at_commit": _commit(options.at_commit, root, asked.attest.this_commit),
        "covers": options.covers,
        "links": options.link,
        "ticket": options.ticket.strip(),
    }
    return Draft(f"{FOLDER}/{asked.id}-{on}.yaml", {k: v for k, v in fields.items() if v}, tuple(notes))


def _day(option: str, word: str) -> datetime.date | None:
    found = day(word)
    if word and not found:
        raise Wrong(f"{option} {word}: no date; write YYYY-MM-DD")
    return found


def _person(options: argparse.Namespace, root: Path) -> dict[str, str]:
    name, _, email = options.by.partition("<")
    if "@" in name:
        name, email = "", name
    if not options.by:
        name, email = (_of_git(root, key) for key in ("user.name", "user.email"))
    person = {"name": name.strip(), "email": email.strip().rstrip(">"), "role": options.role.strip()}
    if not (person["name"] or person["email"]):
        raise Wrong('git names nobody here; say who states it: --by "NAME <EMAIL>"')
    return {key: value for key, value in person.items() if value}


def _of_git(root: Path, key: str) -> str:
    return (ask(root, "config", "--get", key) or b"").decode("utf-8", "replace").strip()


def _commit(revision: str, root: Path, needed: bool) -> str:
    found = named(root, revision or "HEAD")
    if found is None and (revision or needed):
        words = f"--at-commit {revision}: no commit here is called so" if revision else "this is attested of one commit"
        raise Wrong(words if revision else f"{root}: no commit is checked out here, and {words}")
    return found or ""


def _question(gate: gates.Definition, asked: gates.Asked, draft: Draft) -> Iterator[str]:
    """What is asked, what is accepted, and what is missing."""
    assert asked.attest
    yield f"{asked.id}  ({gate.title})"
    yield f"  asked        {asked.statement or gate.statement}"
    commit = ", about the commit that is judged" if asked.attest.this_commit else ""
    yield f"  accepted     a person's statement, for {asked.attest.days} days at most{commit}"
    if asked.evidence:
        yield f"  or evidence  {', '.join(asked.evidence)}"
    if asked.next:
        yield f"  next         {asked.next}"
    yield f"  would write  {draft.path}"
    yield from (f"               {line}" for line in draft.text.splitlines())
    yield '  missing      --statement "what was done, and what came of it"'


def _checked(draft: Draft, root: Path, globs: Sequence[str]) -> Project:
    """The repository with the statement in it. Raises `Wrong` for what could never hold."""
    from gatekeeper.parsers import yaml

    nodes, faults = yaml.parse(Source(draft.path, draft.text))
    problems = [fault.message for fault in faults]
    problems += [problem.words for node in nodes for problem in Attestation(node).problems]
    if problems:
        raise Wrong("; ".join(map(visible, problems)))
    tree = discover(root)
    for glob in globs:
        if not any(covers(glob, path) for path in tree.paths):
            raise Wrong(f"--covers {visible(glob)}: nothing here is called so")
    return Project(tree, map(Attestation, nodes), commit=commit_of(root))


def _written(draft: Draft, root: Path) -> None:
    """Raises `Wrong` where something stands in its place, or a link leads elsewhere."""
    target = root / draft.path
    if os.path.lexists(target):
        raise Wrong(f"{target}: exists already; remove it first, or give another --on")
    if os.path.lexists(f"{target}.sig"):
        raise Wrong(f"{target}.sig: exists already, without what it signs; remove it first")
    try:
        write_below(root, draft.path, draft.text.encode(), replace=False)
    except Unwritable as error:
        raise Wrong(str(error)) from None


def _sign(target: Path, key: Path) -> None:
    from gatekeeper.signatures import sign

    if not sign(target, key):
        raise Wrong(f"{target}: written, and not signed: ssh-keygen could not sign it with {key}")


def _missing(asked: gates.Asked, project: Project, *, signed: bool) -> list[str]:
    """What it would take for the statement to count."""
    assert asked.attest
    [standing] = attested(asked.id, project, asked.attest.days, this_commit=asked.attest.this_commit)
    missing = ["not committed yet"] if project.commit else []
    missing += [] if signed else ["not signed (--sign KEY)"]
    if asked.attest.this_commit:
        missing.append("about this commit alone: whatever but attestations is committed next ends it")
    return missing if standing.holds else [*missing, f"it does not hold: {standing.words}"]
