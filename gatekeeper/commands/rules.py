"""The rules there are: every one, or those that the selectors name."""

from __future__ import annotations

import argparse
import json

from gatekeeper.catalogue import NoSuchRule, select
from gatekeeper.commands.arguments import Wrong, every_rule, hooks, listed
from gatekeeper.rule import Rule

EXAMPLES = """\
examples:
  gatekeeper rules
  gatekeeper rules kubernetes 'docker-*'      by technology, id, gate, other tools' ids, globs
  gatekeeper rules secrets --output json
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "selectors", nargs="*", metavar="RULE", help="ids, other tools' ids, gates, technologies, globs"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument("--plugin", action="append", default=[], metavar="NAME", help="load an installed plugin")


def run(options: argparse.Namespace) -> int:
    every = every_rule(hooks(options.plugin))
    try:
        chosen = select(every, listed(options.selectors)) if options.selectors else every
    except NoSuchRule as error:
        raise Wrong(str(error)) from None
    print(_json(chosen) if options.output == "json" else _text(chosen))
    return 0


def _json(rules: list[Rule]) -> str:
    rows = [
        {
            "id": rule.id,
            "title": rule.title,
            "severity": rule.severity,
            "gate": rule.gate,
            "technology": rule.technology,
            "aliases": list(rule.aliases),
            "seed": rule.seed,
            "fixable": rule.fixable,
        }
        for rule in rules
    ]
    return json.dumps({"rules": rows}, indent=2)


def _text(rules: list[Rule]) -> str:
    wide = max((len(rule.id) for rule in rules), default=0)
    gate = max((len(rule.gate) for rule in rules), default=0)
    lines = [f"{rule.id:{wide}}  {rule.severity:8}  {rule.gate:{gate}}  {rule.title}" for rule in rules]
    return "\n".join([*lines, "", f"{len(rules)} rules; `gatekeeper explain ID` shows one"])
