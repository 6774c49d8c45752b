"""gatekeeper.yaml: every fault with its place, and a schema that says the same."""

from __future__ import annotations

import json

import jsonschema
import pytest

from gatekeeper.node import Source
from gatekeeper.parsers import yaml
from gatekeeper.settings import Invalid, Settings, load, schema

GOOD = """\
service: {name: order-service, level: A}
owns: [alerts, runbooks]
elsewhere:
  dashboards: {where: "https://example.com/dashboards"}
rules:
  docker-healthcheck: {severity: off}
runbook_roots:
  "https://runbooks.example.com/": docs/runbooks/
"""

BAD = """\
servce: {}
owns: [alert]
rules:
  docker-nonroot: {severity: hihg}
  docker-healthcheck: 3
elsewhere:
  dashboards: {}
fail_on: 1
"""


def test_good_settings() -> None:
    settings = load(Source("gatekeeper.yaml", GOOD))
    assert settings.service.level == "A"
    assert settings.rules["docker-healthcheck"].severity == "off"


def test_every_fault_is_named_with_its_line() -> None:
    with pytest.raises(Invalid) as caught:
        load(Source("gatekeeper.yaml", BAD))
    assert caught.value.problems == [
        "gatekeeper.yaml:1: no setting 'servce' here; did you mean 'service'?",
        "gatekeeper.yaml:2: owns.0: no 'alert' here; did you mean 'alerts'?",
        "gatekeeper.yaml:4: rules.docker-nonroot.severity: no 'hihg' here; did you mean 'high'?",
        "gatekeeper.yaml:5: rules.docker-healthcheck: expected a mapping",
        "gatekeeper.yaml:7: elsewhere.dashboards: needs 'where'",
        "gatekeeper.yaml:8: fail_on: expected str | null, got int",
    ]


def test_broken_yaml_is_a_fault_of_the_settings() -> None:
    with pytest.raises(Invalid, match=r"gatekeeper.yaml:2: not valid YAML"):
        load(Source("gatekeeper.yaml", "service:\n  name: [\n"))


def test_pyproject() -> None:
    assert load(Source("pyproject.toml", '[tool.gatekeeper]\nowns = ["alerts"]\n')).owns == ["alerts"]
    assert load(Source("pyproject.toml", "[project]\n")) == Settings()
    with pytest.raises(Invalid, match="did you mean 'owns'"):
        load(Source("pyproject.toml", "[tool.gatekeeper]\nown = []\n"))


def test_the_schema_agrees_with_the_loader() -> None:
    described = json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(described)
    good = yaml.parse(Source("a", GOOD)).nodes[0].plain
    bad = yaml.parse(Source("a", BAD)).nodes[0].plain
    jsonschema.validate(good, described)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bad, described)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kubernetes: {version: x}\n", "kubernetes.version: expected a version of Kubernetes such as"),
        ("kubernetes: {version: 1.33}\n", "in quotes, not 1.33"),
        ("kubernetes: {schemas: [../../etc]}\n", "kubernetes.schemas.0: expected a path below the root"),
        ("evidence: {folders: [/etc]}\n", "evidence.folders.0: expected a path below the root"),
    ],
)
def test_what_has_a_form_is_asked_for_in_words(text: str, said: str) -> None:
    with pytest.raises(Invalid) as raised:
        load(Source("gatekeeper.yaml", text))
    assert said in str(raised.value)
    assert "regex" not in str(raised.value)
