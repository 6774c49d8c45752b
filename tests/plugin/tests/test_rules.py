from pathlib import Path

import gatekeeper_compose
import pytest

from gatekeeper.plugins import manager
from gatekeeper.testing import Case, check, rule_cases

HOOKS = manager(["compose"]).hook
RULES = Path(gatekeeper_compose.__file__).with_name("rules")


@pytest.mark.parametrize("case", rule_cases(RULES), ids=str)
def test_example(case: Case) -> None:
    check(case, HOOKS)
