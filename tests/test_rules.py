"""Every example of every rule: the catalogue's pages are its tests."""

from pathlib import Path

import pytest

from gatekeeper.testing import Case, check, rule_cases

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("case", rule_cases(ROOT / "rules", edge_cases=ROOT / "fixtures" / "rules"), ids=str)
def test_example(case: Case) -> None:
    check(case)
