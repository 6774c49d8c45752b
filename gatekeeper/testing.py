"""Examples to pytest cases, for the rules that ship with gatekeeper and for anybody else's.

from gatekeeper.testing import rule_cases, check

@pytest.mark.parametrize("case", rule_cases(Path("rules")), ids=str)
def test_rule(case): check(case)
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gatekeeper import engine, gates, waivers
from gatekeeper.audit import Request, every_id, read, tell
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.discover import Tree
from gatekeeper.fixes import spliced
from gatekeeper.git import Commit
from gatekeeper.node import regex
from gatekeeper.project import Project
from gatekeeper.rule import Example, Rule, place

TODAY = datetime.date(2026, 11, 23)
COMMIT = Commit("0123456789abcdef0123456789abcdef01234567", dirty=False)  # what evidence in an example is about

_EXPECT = regex(r"(?:#|//|<!--)[ ]*expect:[ ]*(.*?)[ ]*(?:-->)?[ ]*$")
_COMMENT_LINE = regex(r"^\s*(?:#|//|<!--)")


class Case(NamedTuple):
    """One example of one rule."""

    rule: Rule
    example: Example

    def __str__(self) -> str:
        words = f"-{self.example.case}" if self.example.case else ""
        return f"{self.rule.id}-{self.example.verdict}{words}"[:100]


class Expected(NamedTuple):
    """Where a finding must stand (line 0: about the repository) and the words that its message must hold."""

    path: str
    line: int
    words: str


def rule_cases(*folders: Path, edge_cases: Path | None = None) -> list[Case]:
    """Every example of every rule below the folders; of `edge_cases`, every `<rule-id>/{bad,good,unknown}-<name>/`."""
    rules = {rule.id: rule for rule in Catalogue(folders).rules()}
    on_pages = [Case(rule, example) for rule in rules.values() for example in rule.examples()]
    folders_of_cases = sorted(edge_cases.glob("*/*/")) if edge_cases else []
    return [*on_pages, *(Case(rules[folder.parent.name], _on_disk(folder)) for folder in folders_of_cases)]


def _on_disk(folder: Path) -> Example:
    verdict, _, name = folder.name.partition("-")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "expect")
    said = folder / "expect"  # where no comment can stand beside the fault: in JSON
    name += f" # expect: {said.read_text('utf-8').strip()}" if said.exists() else ""
    return Example(verdict, name, tuple((p.relative_to(folder).as_posix(), p.read_text("utf-8")) for p in files))


def project_of(files: Iterable[tuple[str, str]], hooks: Any = None) -> Project:
    """A project of those files (path, text), as if they were a repository; its settings from `gatekeeper.yaml`."""
    from gatekeeper.settings import Settings, load

    contents: dict[str, str | bytes] = dict(files)
    tree = Tree(Path(os.devnull), contents, contents)  # no folder: the repository around the tests is another one
    settings = load(tree.source("gatekeeper.yaml")) if "gatekeeper.yaml" in tree else Settings()
    request = Request(tree.root, settings, profile="pull-request", today=TODAY)  # takes evidence that nothing binds
    return read(tree, hooks or _built_in(), request, COMMIT)


@cache
def _built_in() -> Any:
    """The hooks of gatekeeper itself, which keep nothing between two projects."""
    from gatekeeper.plugins import manager

    return manager().hook


def check(case: Case, hooks: Any = None) -> None:
    """Run one example. Raises AssertionError with what was found and what was expected."""
    rule, example = case
    project = project_of(example.files, hooks)
    faults = [f"{fault.source.path}:{fault.span.line}: {fault.message}" for fault in project.faults]
    if rule.subject.late:
        _judge_the_rest(project)
    outcome = engine.run([rule], project)[0]
    assert not outcome.error, outcome.error
    assert outcome.judged, f"the rule judged nothing here; faults: {faults}"
    found = [(place(finding.at), finding.message) for _, finding in waivers.once_each(outcome)]
    shown = "\n".join(f"  {at.source.path}:{at.span.line}: {message}" for at, message in found) or "  nothing"
    if example.verdict == "unknown":
        assert not found, f"expected UNKNOWN, found\n{shown}"
        assert outcome.unknown, "expected UNKNOWN, passed"
        return
    _check_severities(rule, outcome)
    expected = list(_expected(example)) if example.verdict == "bad" else []
    assert expected or example.verdict == "good", "a bad example needs `# expect: words`"
    unmatched = list(found)
    for want in expected:
        hit = next((f for f in unmatched if _matches(want, f[0].source.path, f[0].span.line, f[1])), None)
        assert hit, f"expected {want.path}:{want.line}: …{want.words}…, found\n{shown}"
        unmatched.remove(hit)
    assert not unmatched, f"more was found than expected ({len(expected)}):\n{shown}"
    _check_fixes(case, project, outcome, hooks)
    if example.verdict == "good":
        assert not outcome.unknown, f"expected PASS, is UNKNOWN: {[u for v in outcome.verdicts for u in v.unknowns]}"


def _check_severities(rule: Rule, outcome: engine.Outcome) -> None:
    """That no finding is graver than its rule, where the rule itself grades: gates rely on that."""
    if rule.subject.late or rule.subject.measured or rule.severity == "off":
        return
    for _, finding in outcome.findings():
        assert not finding.severity or waivers.at_least(rule.severity, finding.severity), finding.message


def _check_fixes(case: Case, project: Project, outcome: engine.Outcome, hooks: Any) -> None:
    """That the fixes of an example's findings settle them, and leave files that can be read."""
    mended = [finding for _, finding in waivers.once_each(outcome) if finding.fix and finding.fix.edits]
    if not mended:
        return
    texts = spliced(edit for finding in mended if finding.fix for edit in finding.fix.edits)
    after = project_of((dict(case.example.files) | texts).items(), hooks)
    assert len(after.faults) <= len(project.faults), f"the fix breaks the file: {[f.message for f in after.faults]}"
    left = [(place(each.at).source.path, each.message) for _, each in engine.run([case.rule], after)[0].findings()]
    for finding in mended:
        key = (place(finding.at).source.path, finding.message)
        assert key not in left, f"the fix does not settle {key}; the files are then\n{texts}"


def _judge_the_rest(project: Project) -> None:
    """Run every rule that ships with gatekeeper, so that one about a late subject is told what the gates come to."""
    rules = [rule for rule in Catalogue([home()]).rules() if not rule.subject.late]
    definitions = gates.load(home() / "gates.yaml")
    project.criteria = frozenset(every_id(Catalogue([home()]).rules(), definitions))
    outcomes, reported = waivers.settle(engine.run(rules, project), project, project.criteria)
    scope = gates.scope(definitions, "release", project.settings.service.level)
    tell(project, outcomes, reported, gates.judge(scope, outcomes, reported, project, "release"))


def _matches(want: Expected, path: str, line: int, message: str) -> bool:
    if want.words not in message:
        return False
    return want.line == 0 or (path, line) == (want.path, want.line)


def _expected(example: Example) -> Iterator[Expected]:
    heading = _EXPECT.search(example.case)
    if heading:
        yield Expected(".", 0, heading[1])
    for path, text in example.files:
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            found = _EXPECT.search(line)
            if not found:
                continue
            if _COMMENT_LINE.match(line):
                while number < len(lines) and _EXPECT.search(lines[number]):
                    number += 1
                number += 1
            yield Expected(path, number, found[1])
