"""What is not known decides nothing: values of examples, and what they are made of, replaced one at a time by a
variable that nobody gives a value.

The verdict on a resource may become UNKNOWN; it never becomes the opposite of what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper import engine
from gatekeeper.models.terraform import Resource, Typed
from gatekeeper.node import Source
from gatekeeper.parsers import hcl
from gatekeeper.rule import Example
from gatekeeper.testing import Case, project_of, rule_cases

ROOT = Path(__file__).parent.parent
UNKNOWN = "var.nobody_knows"
DECLARED = '\nvariable "nobody_knows" {\n  description = "x"\n  type        = any\n  sensitive   = true\n}\n'
_NOT_VALUES = frozenset(("count", "for_each", "provider", "depends_on", "source", "version", "providers", "lifecycle"))
_BLOCKS = ("resource", "data", "locals")
_MOST = 10  # values of one example

# These ask how a value is written: what comes from a variable is written otherwise, and that is the answer.
AS_WRITTEN: frozenset[str] = frozenset({
    "tf-azure-key-vault-secret-literal",
    "tf-github-secret-literal",
    "tf-hardcoded-secret",
    "tf-helm-secret-in-set",
    "tf-kubernetes-env-secret",
    "tf-kubernetes-secret-literal",
    "tf-stored-secret-literal",
})  # fmt: skip

CASES = [
    case
    for case in rule_cases(ROOT / "rules", edge_cases=ROOT / "fixtures" / "rules")
    if issubclass(case.rule.subject, (Resource, Typed)) and case.example.verdict != "unknown"
]


def verdicts(rule_case: Case, files: tuple[tuple[str, str], ...]) -> dict[str, str]:
    outcome = engine.run([rule_case.rule], project_of(files))[0]
    assert not outcome.error, outcome.error
    return {f"{verdict.subject.path} {verdict.subject.name}": verdict.word for verdict in outcome.verdicts}


def replaced(example: Example) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """The example with one value of a resource after the other made unknown."""
    number = 0
    for path, text in example.files:
        if not path.endswith((".tf", ".tofu")):
            continue
        for block in hcl.parse(Source(path, text)).body.blocks:
            for name, expr in _parts(block.body) if block.type in _BLOCKS else ():
                number += 1
                if number > _MOST:
                    return
                start, end = expr.start, expr.end
                if "<<" in text[start : start + 3]:
                    continue
                changed = text[:start] + UNKNOWN + text[end:] + DECLARED
                yield (
                    f"{name} ({text[start:end][:30]})",
                    tuple((p, changed if p == path else t) for p, t in example.files),
                )


def _parts(body: hcl.Body) -> Iterator[tuple[str, hcl.Expr]]:
    """The values, and what lists, objects and calls in them are made of."""
    for attribute in _values(body):
        stack = [attribute.expr]
        while stack:
            expr = stack.pop()
            yield attribute.name, expr
            if isinstance(expr, (hcl.Tuple, hcl.Call)):
                stack += reversed(expr.items if isinstance(expr, hcl.Tuple) else expr.arguments)
            elif isinstance(expr, hcl.Object):
                stack += [value for _, value in reversed(expr.pairs)]


def _values(body: hcl.Body) -> Iterator[hcl.Attribute]:
    for name, attribute in body.attributes.items():
        if name not in _NOT_VALUES:
            yield attribute
    for inner in body.blocks:
        if inner.type not in _NOT_VALUES and inner.type != "dynamic":
            yield from _values(inner.body)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_unknown_value_never_turns_a_verdict_round(case: Case) -> None:
    before = verdicts(case, case.example.files)
    for name, files in replaced(case.example):
        for subject, word in verdicts(case, files).items():
            was = before.get(subject, word)
            if case.rule.id in AS_WRITTEN and was == "fail":
                continue
            assert {was, word} != {"pass", "fail"}, f"{subject}: {was} became {word} when {name} was not known"
