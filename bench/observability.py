"""How long two thousand published alerts and a hundred runbooks take, rule by rule.

    python bench/observability.py [--runs 5] CHECKOUTS

CHECKOUTS holds public repositories, each in a folder OWNER+NAME; those that are not there are named and left out. Their
rule files and runbooks are copied to a folder of their own, so that nothing else is read. Each run is a process of its
own, without the collector of garbage, as an audit is. The figures are seconds of CPU, the least of all runs: of the
start-up they tell nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from gatekeeper import engine
from gatekeeper.audit import Request, read
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.commands.arguments import hooks
from gatekeeper.discover import discover
from gatekeeper.models.docs import Document
from gatekeeper.models.prometheus import Alert, RecordingRule
from gatekeeper.node import Source
from gatekeeper.parsers import yaml as nodes
from gatekeeper.settings import Settings

SETS = {
    "samber+awesome-prometheus-alerts": "dist/rules/**/*.yml",
    "monitoring-mixins+website": "assets/*/alerts.yaml",
    "prometheus-operator+kube-prometheus": "manifests/*rometheusRule.yaml",
    "prometheus-operator+runbooks": "content/runbooks/**/*.md",
}
ROOTS = {"https://runbooks.prometheus-operator.dev/runbooks": "docs/runbooks"}
SHOWN = 15


def gathered(checkouts: Path, to: Path) -> None:
    """Copy the rule files and the runbooks."""
    for name, pattern in SETS.items():
        if not (checkouts / name).is_dir():
            print(f"not here: {name}", file=sys.stderr)
        for path in sorted((checkouts / name).glob(pattern)):
            within = path.relative_to(checkouts / name)
            is_page = path.suffix == ".md"
            if not (is_page and path.stem == "_index"):
                target = to / "docs" / within.relative_to("content") if is_page else to / name / within
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def timed(root: Path) -> dict[str, float]:
    """What one run takes, in seconds of CPU by what is done; and `# ...`, how many of each there are."""
    gc.disable()
    rules = [rule for rule in Catalogue([home()]).rules() if rule.severity != "off" and not rule.subject.late]
    texts = [path.read_text("utf-8") for path in sorted(root.rglob("*.y*ml"))]
    found: dict[str, float] = {}

    def took(what: str, since: float) -> float:
        now = time.process_time()
        found[what] = now - since
        return time.process_time()

    at = time.process_time()
    for text in texts:
        list(yaml.compose_all(text, yaml.CBaseLoader))
    at = took("YAML by libyaml alone", at)
    for text in texts:
        nodes.parse(Source("", text))
    at = took("YAML to nodes", at)
    project = read(discover(root), hooks([]), Request(root, Settings(runbook_roots=ROOTS)))
    at = took("reading all", at)
    for rule in rules:
        engine.run([rule], project)
        at = took(rule.id, at)
    counted = (("alerts", Alert), ("recording rules", RecordingRule), ("pages", Document))
    return found | {f"# {what}": len(project.all(kind)) for what, kind in counted}


def least(root: Path, runs: int) -> dict[str, float]:
    command = (sys.executable, __file__, "--once", str(root))
    every = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(runs)]
    return {name: min(each[name] for each in every) for name in every[0]}


def lines(found: dict[str, float]) -> Iterator[str]:
    counts = [f"{int(number)} {name[2:]}" for name, number in found.items() if name[0] == "#"]
    steps = ("YAML by libyaml alone", "YAML to nodes", "reading all")
    rules = {name: seconds for name, seconds in found.items() if name[0] != "#" and name not in steps}
    yield f"| {', '.join(counts)} | ms of CPU |\n|---|---|"
    for name in steps:
        yield f"| {name} | {found[name] * 1000:.0f} |"
    yield f"| all {len(rules)} rules | {sum(rules.values()) * 1000:.0f} |"
    for name in sorted(rules, key=lambda name: -rules[name])[:SHOWN]:
        yield f"| {name} | {rules[name] * 1000:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", type=Path, metavar="CHECKOUTS")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(timed(options.checkouts)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary).resolve()
        gathered(options.checkouts.resolve(), root)
        print("\n".join(lines(least(root, options.runs))))


if __name__ == "__main__":
    main()
