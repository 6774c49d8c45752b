"""Every example of every rule: the catalogue's pages are its tests."""

from pathlib import Path

import pytest

from gatekeeper.catalogue import Catalogue
from gatekeeper.models.evidence import Analysed
from gatekeeper.rule import Rule
from gatekeeper.testing import Case, check, rule_cases

ROOT = Path(__file__).parent.parent
CASES = rule_cases(ROOT / "rules", edge_cases=ROOT / "fixtures" / "rules")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_example(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("rule", Catalogue([ROOT / "rules"]).rules(), ids=lambda rule: rule.id)
def test_a_page_says_why_and_shows_both(rule: Rule) -> None:
    assert len(rule.why.split()) >= 8
    shown = {example.verdict for example in rule.examples()}
    shown |= {case.example.verdict for case in CASES if case.rule.id == rule.id}
    if rule.subject is Analysed:  # what other programs say: tested with these programs
        return
    assert "good" in shown
    assert {"bad", "unknown"} & shown
    assert not rule.title.endswith((".", "?"))
