"""Write a commented gatekeeper.yaml from what is found here. An existing one is never overwritten.

Said beside it: which options would make the steps of the pipelines leave evidence.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gatekeeper.audit import Request, read
from gatekeeper.commands.arguments import Wrong, hooks
from gatekeeper.commands.audit import check_root
from gatekeeper.discover import Unwritable, discover, write_below
from gatekeeper.models.pipeline import Step
from gatekeeper.project import Project
from gatekeeper.renderers.sanitise import printed, visible
from gatekeeper.settings import FILE, Settings

EXAMPLES = """\
examples:
  gatekeeper init
  gatekeeper init --stdout ../shop
"""

_OWNED = {
    "kubernetes": ("workloads",),
    "terraform": ("infrastructure",),
    "pipeline": ("pipelines",),
    "prometheus": ("alerts",),
}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("root", nargs="?", default=".", metavar="ROOT")
    parser.add_argument("--stdout", action="store_true", help="print it, write nothing")


def run(options: argparse.Namespace) -> int:
    root = Path(options.root)
    check_root(root)
    target = root / FILE
    if target.exists() and not options.stdout:
        raise Wrong(f"{target}: exists already; `gatekeeper init --stdout` prints what would be written")
    project = read(discover(root), hooks([]), Request(root, Settings()))
    text = settings_text(project, root.resolve().name)
    evidence = _evidence(flags(project))
    if options.stdout:
        print(printed(text + "".join(f"# {line}".rstrip() + "\n" for line in evidence)), end="")
        return 0
    try:
        write_below(root, FILE, text.encode(), replace=False)
    except Unwritable as error:
        raise Wrong(str(error)) from None
    print(printed("\n".join((*evidence, f"{target}: written; next: gatekeeper audit {options.root}"))))
    return 0


_SHOWN = 20


def _evidence(found: list[str]) -> list[str]:
    if not found:
        return []
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return ["", "What tests, scans and validates here leaves no evidence yet; this would:", *found[:_SHOWN], *more, ""]


def flags(project: Project) -> list[str]:
    """Each run in a pipeline that leaves nothing a gate reads, and the command line that does, with its evidence."""
    from gatekeeper.models.pipeline.reports import runs

    found: list[str] = []
    for step in project.all(Step):
        for run in runs(step):
            if run.left.state in ("nothing", "log", "other") and run.tool.kind:
                at = f"{run.place.source.path}:{run.place.span.line}"
                found.append(visible(f"{at}: {run.name} -> {run.advice}  (evidence: {run.tool.kind})"))
    return list(dict.fromkeys(found))


def settings_text(project: Project, name: str) -> str:
    """The file: what was found as values, what is left to say as comments."""
    technologies = project.technologies()
    owned = [what for technology, things in _OWNED.items() if technology in technologies for what in things]
    documents = [file.path.lower() for file in project.files if file.path.lower().endswith(".md")]
    owned += ["runbooks"] if any("runbook" in path for path in documents) else []
    owned += ["adr"] if any("/adr/" in path or "/decisions/" in path for path in documents) else []
    found = ", ".join(sorted(technologies - {"files", "evidence", ""})) or "nothing that a rule reads"
    owns = f"owns: [{', '.join(owned)}]" if owned else "# owns: [workloads, alerts, runbooks, adr]"
    return f"""\
# yaml-language-server: $schema=gatekeeper.schema.json
# (`gatekeeper schema > gatekeeper.schema.json` writes it)
# Found here: {found}

service:
  name: {_yaml(name)}
  level: B            # A, B or C: how much depends on it
  # owner: team-name

# What this repository is responsible for. Owned and absent fails; not owned and absent is UNKNOWN.
{owns}

# What the service has, but elsewhere:
# elsewhere:
#   dashboards: {{where: "https://github.com/acme/observability"}}

# Names of environments that do not say of themselves what they are:
# environments:
#   production: [blue, green]

# Where links to runbooks lead in this repository:
# runbook_roots:
#   "https://runbooks.example.com/": docs/runbooks/

# profile: release     # pre-commit, pull-request or release; by itself: the event in CI
# fail_on: high        # every gate has its own threshold
# exclude: ["legacy/**"]
# rules:
#   docker-healthcheck: {{severity: off}}
"""


def _yaml(text: str) -> str:
    import json

    plain = text.replace("-", "").replace("_", "").isalnum() and not text.isdigit()
    return text if plain else json.dumps(text)
