"""The JSON Schema of gatekeeper.yaml, for editors and validators; or that of the JSON report."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gatekeeper.settings import schema

EXAMPLES = """\
examples:
  gatekeeper schema > gatekeeper.schema.json
  gatekeeper schema report
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("of", nargs="?", choices=("settings", "report"), default="settings")


def run(options: argparse.Namespace) -> int:
    if options.of == "report":
        print(Path(__file__).parent.with_name("report.schema.json").read_text("utf-8"), end="")
    else:
        print(json.dumps(schema(), indent=2))
    return 0
