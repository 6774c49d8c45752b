"""Which steps of pipelines measure performance, and whether a number that is too bad fails them.

Sources are the tools' own documentation: k6 fails by the `thresholds` of its script, Artillery by `ensure`, Lighthouse
CI by `assert`, github-action-benchmark by `fail-on-alert`, Gatling by its assertions; JMeter ends well whatever it
found.
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from gatekeeper.links.pipelines import entries
from gatekeeper.links.ran import Ran, ran_in
from gatekeeper.links.tool_settings import settings_in
from gatekeeper.models.pipeline import Fact, Step
from gatekeeper.node import regex
from gatekeeper.project import Project

_THRESHOLDS = regex(r"thresholds[\"']?\s{0,9}:\s{0,9}[{(]|thresholds\s{0,9}=")
_ENSURE = regex(r"^\s{0,20}ensure\s{0,4}:", re.MULTILINE)
_ASSERTS = regex(r"[\"']?\bassert\b[\"']?\s{0,9}:|[\"']?assertions[\"']?\s{0,9}:")
_GATLING = regex(r"\bassertions\(")
_SCRIPT = regex(r"\.(?:js|ts|mjs|jmx|ya?ml|json)\Z")
_LIGHTHOUSE = regex(r"(?:^|/)\.?lighthouserc\.(?:js|cjs|json|ya?ml)\Z")
_SIMULATION = regex(r"(?:Simulation|Simulations)\w{0,40}\.(?:scala|java|kt)\Z|/gatling/.{1,200}\.(?:scala|java|kt)\Z")
_LOADS = frozenset(
    "k6 artillery locust jmeter gatling vegeta wrk wrk2 hey ab ghz bombardier autocannon drill siege".split()
)


class Measured(NamedTuple):
    """A step that measures: whether a bad number fails it (yes, no, or None where that is not known), and why."""

    fact: Fact
    gates: bool | None
    why: str


def measured(project: Project) -> list[Measured]:
    """What pipelines measure, each step once."""
    return project.once("performance gates", _measured)


def _measured(project: Project) -> list[Measured]:
    found: dict[int, Measured] = {}
    for pipeline in entries(project):
        for fact in pipeline.facts:
            if fact.kind == "perf" and id(fact.step) not in found:
                found[id(fact.step)] = _judged(fact, project)
    return list(found.values())


def _judged(fact: Fact, project: Project) -> Measured:
    if fact.blocking == "no":
        return Measured(fact, False, fact.reason)
    if fact.strength == "name":
        return Measured(fact, None, f"what {fact.step.words} does is said by its name alone")
    gates, why = _of_action(fact.step, project) if fact.step.uses else _of_script(fact.step, project)
    return Measured(fact, gates, why)


def _of_action(step: Step, project: Project) -> tuple[bool | None, str]:
    slug, inputs = step.slug, step.inputs
    if slug.startswith("benchmark-action/"):
        alert = inputs.get("fail-on-alert", "false")
        return (True, "") if alert == "true" else (False, "no fail-on-alert") if alert == "false" else (None, alert)
    if slug.startswith("treosh/lighthouse-ci-action"):
        if inputs.get("budgetpath") or inputs.get("configpath"):
            path = inputs.get("configpath", "")
            return _by_text(path, project, _ASSERTS, "assert") if path else (True, "")
        return _by_files(project, _LIGHTHOUSE, _ASSERTS, "no assertions for Lighthouse")
    if slug.startswith(("grafana/k6-action", "grafana/run-k6-action")):
        return _k6(inputs.get("filename") or inputs.get("path") or "", project)
    if slug.startswith("artilleryio/"):
        path = next((word for word in inputs.get("command", "").split() if _SCRIPT.search(word)), "")
        return _by_text(path, project, _ENSURE, "ensure")
    return None, f"whether {slug} fails on a bad number is not known"


def _of_script(step: Step, project: Project) -> tuple[bool | None, str]:
    answers: list[tuple[bool | None, str]] = []
    for command in ran_in(step, project):
        answer = _of_command(command, project)
        if answer is not None:
            answers.append(answer)
    return min(answers, key=lambda each: (each[0] is not True, each[0] is not None), default=(None, "what it asks for"))


def _of_command(command: Ran, project: Project) -> tuple[bool | None, str] | None:
    words = command.words
    program, text = words[0], " ".join(words)
    path = next((word for word in words[1:] if _SCRIPT.search(word) and not word.startswith("-")), "")
    path = posixpath.normpath(posixpath.join(command.folder, path)) if path and command.folder is not None else ""
    if program == "k6" and len(words) > 1 and words[1] in ("run", "cloud"):
        return _k6(path, project)
    if program == "artillery" and "run" in words:
        return _by_text(path, project, _ENSURE, "ensure")
    if program == "lhci":
        if words[1:2] == ("assert",):
            return True, ""
        return _by_files(project, _LIGHTHOUSE, _ASSERTS, "no assertions for Lighthouse") if "autorun" in words else None
    if program in ("mvn", "gradle") and "gatling" in text:
        return _by_files(project, _SIMULATION, _GATLING, "no assertions in the simulations")
    if "--benchmark-compare-fail" in text or ("--fail-on" in text and "perf" in command.kinds):
        return True, ""
    if program in _LOADS:
        return False, f"{program} prints numbers and asks for none"
    return None


def _k6(path: str, project: Project) -> tuple[bool | None, str]:
    return _by_text(path, project, _THRESHOLDS, "thresholds")


def _by_text(path: str, project: Project, wanted: re.Pattern[str], word: str) -> tuple[bool | None, str]:
    clean = posixpath.normpath(path) if path and "$" not in path and "*" not in path else ""
    if not clean or clean not in project.tree:
        return None, f"what {path or 'it'} asks for could not be read"
    text = settings_in(clean, project)
    if not text:
        return None, f"{clean} could not be read"
    if wanted.search(text):
        return True, ""
    if "import" in text and word == "thresholds" and "options" not in text:
        return None, f"the options of {clean} are in another file"
    return False, f"{clean} has no {word}"


def _by_files(project: Project, names: re.Pattern[str], wanted: re.Pattern[str], why: str) -> tuple[bool | None, str]:
    paths = [path for path in project.tree.paths if names.search(path)]
    texts = [settings_in(path, project) for path in paths[:50]]
    return (True, "") if any(wanted.search(text) for text in texts) else (False, why)
