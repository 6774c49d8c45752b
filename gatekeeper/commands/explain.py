"""The page of a rule, a criterion or a gate: what it asks and what settles it. Other tools' ids of a rule work too."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from gatekeeper import gates
from gatekeeper.catalogue import home
from gatekeeper.commands import delivery, front_ends
from gatekeeper.commands.arguments import Wrong, every_rule, hooks
from gatekeeper.gates import Asked, Definition
from gatekeeper.meant import meant
from gatekeeper.rule import Rule

EXAMPLES = """\
examples:
  gatekeeper explain docker-nonroot
  gatekeeper explain CKV_K8S_23       by another tool's id
  gatekeeper explain secrets          a gate: its criteria and what proves them
  gatekeeper explain restore-tested   a criterion that files cannot settle: what can
  gatekeeper explain terraform        what of it is read and evaluated; also cloudformation, pulumi, ansible
  gatekeeper explain AWS::RDS::DBInstance  a type of CloudFormation: what its properties are judged as
  gatekeeper explain --pipeline       the way to production as the pipelines here have it
  gatekeeper explain --pipeline ../shop --mermaid
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id", nargs="?", default="", metavar="ID", help="a rule, another tool's id for it, a criterion or a gate"
    )
    parser.add_argument(
        "--pipeline", nargs="?", const=".", metavar="ROOT", help="the way to production of a repository, job by job"
    )
    parser.add_argument("--mermaid", action="store_true", help="with --pipeline: as a Mermaid diagram")
    parser.add_argument("--plugin", action="append", default=[], metavar="NAME", help="load an installed plugin")


def run(options: argparse.Namespace) -> int:
    if options.pipeline is not None:
        print(delivery.page(Path(options.pipeline), hooks(options.plugin), mermaid=options.mermaid))
        return 0
    if not options.id:
        raise Wrong("explain what? a rule, a criterion or a gate (see `gatekeeper rules`), or --pipeline")
    rules = every_rule(hooks(options.plugin))
    definitions = gates.load(home() / "gates.yaml")
    wanted = options.id
    found = [rule for rule in rules if wanted in (rule.id, *rule.aliases)]
    gate = next((definition for definition in definitions if definition.id == wanted), None)
    asked = [(gate, each) for gate in definitions for each in gate.criteria if each.id == wanted]
    if found:
        accepted = [line for _, each in asked for line in _accepted(each)]
        print("\n\n".join(page_of_rule(rule, accepted) for rule in found))
    elif gate:
        print(page_of_gate(gate, rules))
    elif asked:
        print("\n\n".join(page_of_criterion(each, gate) for gate, each in asked))
    elif read := front_ends.page(wanted):
        print(read)
    else:
        raise Wrong(_unknown(wanted, rules, definitions))
    return 0


def page_of_rule(rule: Rule, accepted: Iterable[str] = ()) -> str:
    """A rule's page, as its file carries it, with what is `accepted` beside it."""
    lines = [rule.id, "=" * len(rule.id), *_wrap(f"{rule.title}."), "", *_facts(rule), "", *_wrap(rule.why)]
    if settled := [f"  {line}" for line in accepted]:
        lines += ["", "Settled by:", *settled]
    for example in rule.examples():
        case = f" ({example.case})" if example.case and "expect:" not in example.case else ""
        lines += ["", f"{example.verdict.capitalize()}{case}:"]
        for path, text in example.files:
            lines += ["", f"    {path}", *(f"    | {line}".rstrip() for line in text.rstrip().splitlines())]
    return "\n".join(lines)


def _facts(rule: Rule) -> Iterator[str]:
    yield f"severity  {rule.severity}"
    yield f"gate      {rule.gate}"
    yield f"judges    {rule.technology}: each {rule.subject.__name__}"
    if rule.seed:
        yield f"asked by  {rule.seed}"
    if rule.aliases:
        yield from textwrap.wrap(
            ", ".join(rule.aliases), 90, initial_indent="also      ", subsequent_indent=" " * 10, break_on_hyphens=False
        )


def page_of_criterion(asked: Asked, gate: Definition) -> str:
    """The page of a criterion that no rule judges: evidence or people settle it."""
    lines = [asked.id, "=" * len(asked.id), *_wrap(f"{asked.statement[:1].upper()}{asked.statement[1:]}."), ""]
    return "\n".join([*lines, f"gate: {gate.id}", f"asked by: {asked.seed or gate.seed}", *_accepted(asked)])


def page_of_gate(gate: Definition, rules: Iterable[Rule]) -> str:
    """A gate's page: its criteria, who settles each, and when it stands in the way."""
    lines = [gate.title, "=" * len(gate.title), *_wrap(f"{gate.statement[:1].upper()}{gate.statement[1:]}."), ""]
    lines += [f"fails at    {gate.fails_at}; lower severities are advisories"]
    lines += [f"UNKNOWN     stands in the way in: {', '.join(gate.unknown_blocks) or 'no profile'}"]
    lines += [f"asked by    {gate.seed}", "", "Criteria:"]
    mine = [rule for rule in rules if rule.gate == gate.id]
    asked = {each.id: each for each in gate.criteria}
    titles = {rule.id: rule.title for rule in mine}
    severities = {rule.id: rule.severity for rule in mine}
    every = [*titles, *(name for name in asked if name not in titles)]
    width = max(map(len, every), default=0)
    for name in every:
        each = asked.get(name)
        title = (each and each.statement) or titles.get(name, "")
        lines.append(f"  {name:{width}}  {severities.get(name, 'proof'):8}  {title}")
        seed = [f"asked by: {each.seed}"] if each and each.seed else []
        lines += [f"  {'':{width}}  {'':8}  {words}" for words in (*_accepted(each), *seed)] if each else []
    return "\n".join(lines)


def _accepted(asked: Asked) -> Iterator[str]:
    """What settles a criterion, and of whom it is asked."""
    if asked.evidence:
        yield f"evidence: {', '.join(asked.evidence)}"
    if asked.attest:
        commit = ", of this commit" if asked.attest.this_commit else ""
        yield f"attestation: holds {asked.attest.days} days at most{commit}"
    if asked.level != "C":
        yield f"asked of services of level {'A' if asked.level == 'A' else 'A and B'}"
    if asked.next:
        yield f"next: {asked.next}"


def _wrap(text: str) -> list[str]:
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    paragraphs = text.split("\n\n")
    lines: list[str] = []
    for paragraph in paragraphs:
        kept = any(line.startswith((" ", "-", "|", "*")) for line in paragraph.splitlines())
        lines += paragraph.splitlines() if kept else textwrap.wrap(" ".join(paragraph.split()), width)
        lines.append("")
    return lines[:-1]


def _unknown(wanted: str, rules: Iterable[Rule], definitions: Iterable[Definition]) -> str:
    every = [name for rule in rules for name in (rule.id, *rule.aliases)]
    every += [name for gate in definitions for name in (gate.id, *(each.id for each in gate.criteria))]
    every += front_ends.PAGES
    hint = meant(wanted, every, "see `gatekeeper rules`", most=3)
    return f"no rule, criterion or gate {wanted!r}; {hint}"
