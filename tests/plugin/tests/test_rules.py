from pathlib import Path

import gatekeeper_serverless
import pytest

from gatekeeper.plugins import manager
from gatekeeper.testing import Case, check, rule_cases

HOOKS = manager(["serverless"]).hook
RULES = Path(gatekeeper_serverless.__file__).with_name("rules")


@pytest.mark.parametrize("case", rule_cases(RULES), ids=str)
def test_example(case: Case) -> None:
    check(case, HOOKS)
