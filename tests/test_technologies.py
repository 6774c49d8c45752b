"""What is recognised, by its smallest sign; what is none. `GATEKEEPER_UPDATE=1` writes docs/technologies.md anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from gatekeeper import gates
from gatekeeper.audit import Request, read
from gatekeeper.catalogue import Catalogue, judging
from gatekeeper.cli import main
from gatekeeper.discover import discover
from gatekeeper.links.technologies import Technology, technologies
from gatekeeper.models import Subject
from gatekeeper.models.technologies import GROUPS, KINDS, Globs, Held, Known, table
from gatekeeper.plugins import manager
from gatekeeper.rule import Rule
from gatekeeper.settings import Settings

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "technologies.md"
# The stack of the checklist: its eight groups, with all that each names.
STACK = {
    "Cloud": ["AWS", "GCP", "Azure", "DigitalOcean"],
    "IaC": ["Terraform", "Pulumi", "CloudFormation", "Ansible"],
    "Containers": ["Docker", "Kubernetes", "Helm", "Kustomize"],
    "CI/CD": ["GitHub Actions", "GitLab CI", "Jenkins", "Argo CD"],
    "Monitoring": ["Prometheus", "Grafana", "Datadog", "New Relic"],
    "Logging": ["ELK Stack", "Loki", "Fluentd", "CloudWatch"],
    "Secrets": ["Vault", "AWS Secrets Manager"],
    "Service Mesh": ["Istio", "Linkerd", "Consul"],
}
# One repository with everything: for each technology one file that nothing else of it stands in.
SIGNS = {
    "AWS": ("infra/aws.tf", 'resource "aws_s3_bucket" "a" {}\n'),
    "GCP": ("infra/gcp.tf", 'resource "google_storage_bucket" "a" {}\n'),
    "Azure": ("infra/azure.tf", 'provider "azurerm" {\n  features {}\n}\n'),
    "DigitalOcean": ("infra/do.tf", 'resource "digitalocean_droplet" "a" {}\n'),
    "Terraform": ("modules/plain/main.tf", 'resource "null_resource" "a" {}\n'),
    "Pulumi": ("pulumi/Pulumi.yaml", "name: shop\nruntime: nodejs\n"),
    "CloudFormation": (
        "cfn/stack.yaml",
        "AWSTemplateFormatVersion: 2010-09-09\nResources:\n  A:\n    Type: AWS::SNS::Topic\n",
    ),
    "Ansible": ("site.yml", "- hosts: web\n  tasks:\n    - name: Ping\n      ansible.builtin.ping:\n"),
    "Docker": ("Dockerfile", "FROM debian:12\n"),
    "Kubernetes": ("k8s/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n"),
    "Helm": ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    "Kustomize": ("overlay/kustomization.yaml", "resources: [../k8s/service.yaml]\n"),
    "GitHub Actions": (
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
    ),
    "GitLab CI": (".gitlab-ci.yml", "build:\n  script: [make]\n"),
    "Jenkins": ("Jenkinsfile", "pipeline {\n  agent any\n  stages { stage('a') { steps { sh 'make' } } }\n}\n"),
    "Argo CD": (
        "argocd/app.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\nspec:\n  source: {repoURL: x}\n",
    ),
    "Prometheus": ("rules/shop.rules.yml", "groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n"),
    "Grafana": ("dashboards/shop.json", '{"schemaVersion": 39, "panels": [], "title": "Shop"}\n'),
    "Datadog": ("infra/datadog.tf", 'resource "datadog_monitor" "a" {}\n'),
    "New Relic": ("newrelic.yml", "common:\n  license_key: <%= ENV['KEY'] %>\n"),
    "ELK Stack": (
        "compose/elk.compose.yaml",
        "services:\n  kibana: {image: 'docker.elastic.co/kibana/kibana:8.15.0'}\n",
    ),
    "Loki": ("compose/loki.compose.yaml", "services:\n  loki: {image: 'grafana/loki:3.2.0'}\n"),
    "Fluentd": ("logging/fluent.conf", "<source>\n  @type forward\n</source>\n"),
    "CloudWatch": ("infra/logs.tf", 'resource "aws_cloudwatch_log_group" "a" {}\n'),
    "Vault": (
        "k8s/store.yaml",
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: a}\n"
        "spec: {provider: {vault: {server: 'https://vault'}}}\n",
    ),
    "AWS Secrets Manager": ("infra/secrets.tf", 'data "aws_secretsmanager_secret" "a" {}\n'),
    "Istio": (
        "mesh/istio.yaml",
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {hosts: [a]}\n",
    ),
    "Linkerd": (
        "mesh/linkerd.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  selector: {matchLabels: {app: a}}\n"
        "  template:\n    metadata: {labels: {app: a}, annotations: {linkerd.io/inject: enabled}}\n"
        "    spec: {containers: [{name: a, image: 'shop:1'}]}\n",
    ),
    "Consul": ("mesh/Chart.yaml", "apiVersion: v2\nname: mesh\nversion: 1.0.0\ndependencies:\n- {name: consul}\n"),
}


def found_in(root: Path) -> list[Technology]:
    return technologies(read(discover(root), manager().hook, Request(root, Settings(), profile="pre-commit")))


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


def names(root: Path, files: dict[str, str]) -> dict[str, bool]:
    """What is found, and whether every sign of it may mean something else."""
    return {each.name: each.maybe for each in found_in(write(root, files))}


# the table


def test_the_table_is_the_stack_of_the_checklist() -> None:
    assert {
        group: [known.name for known in rows] for group, rows in groupby(table(), lambda known: known.group)
    } == STACK
    assert tuple(STACK) == GROUPS


def test_the_table_names_what_there_is() -> None:
    for module in ("docker", "kubernetes", "compose", "helm", "terraform", "cloudformation", "ansible", "pulumi"):
        __import__(f"gatekeeper.models.{module}")
    for module in ("fluentbit", "fluentd", "loki", "shippers"):
        __import__(f"gatekeeper.models.telemetry.{module}")
    __import__("gatekeeper.models.pipeline")
    __import__("gatekeeper.models.prometheus")
    ids = {rule.id for rule in rules()}
    folders = {path.relative_to(ROOT / "rules").as_posix() for path in (ROOT / "rules").rglob("*") if path.is_dir()}
    for known in table():
        assert set(known.subjects) <= Subject.registry.keys(), known.name
        assert set(known.rules.folders) <= folders, known.name
        named = {name for name in (*known.rules.ids, *known.rules.without) if "*" not in name}
        assert named <= ids, known.name


def test_every_technology_is_named_by_its_own_name() -> None:
    for known in table():
        assert known.named.search(f"We run {known.name.replace(' Stack', '')}, for now."), known.name
    assert not next(each for each in table() if each.name == "Vault").named.search("a vaulted ceiling")


# the signs


def test_one_repository_with_everything(tmp_path: Path) -> None:
    found = {each.name: each for each in found_in(write(tmp_path, dict(SIGNS.values())))}
    assert list(found) == [name for group in STACK.values() for name in group]
    for name, (path, _) in SIGNS.items():
        assert path in found[name].files, name
        assert not found[name].maybe, name


@pytest.mark.parametrize("name", SIGNS)
def test_the_smallest_sign_is_enough(name: str, tmp_path: Path) -> None:
    path, text = SIGNS[name]
    found = {each.name: each for each in found_in(write(tmp_path, {path: text}))}
    assert found[name].shown_by.at.source.path == path


DECOYS = {
    "documents": {"README.md": "# Shop\nRuns on AWS with Istio, Vault, Loki.\n```sh\nkubectl apply -f x\n```\n"},
    "tests": {"tests/fixtures/main.tf": 'resource "aws_s3_bucket" "a" {}\n', "testdata/Dockerfile": "FROM debian:12\n"},
    "examples of a module": {"examples/full/main.tf": 'resource "aws_s3_bucket" "a" {}\n'},
    "an editor's container": {".devcontainer/Dockerfile": "FROM mcr.microsoft.com/devcontainers/base:bookworm\n"},
    "a catalogue of Backstage": {
        "catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\n"
    },
    "other files of a like name": {"vault.md": "# Vault\n", "src/consul.py": "print()\n", "lib/loki.js": "let a\n"},
    "what others need": {"go.mod": "module x\nrequire (\n\tgithub.com/hashicorp/vault/api v1.0.0 // indirect\n)\n"},
    "JSON that is no dashboard": {"panels.json": '{"panels": []}\n'},
}


@pytest.mark.parametrize("case", DECOYS)
def test_what_is_no_sign(case: str, tmp_path: Path) -> None:
    assert names(tmp_path, DECOYS[case]) == {}


def test_an_image_of_a_tool_is_no_sign_of_it(tmp_path: Path) -> None:
    files = {"Dockerfile": "FROM hashicorp/vault:1.17 AS tools\nFROM debian:12\nCOPY --from=tools /bin/vault /bin/\n"}
    assert names(tmp_path, files) == {"Docker": False}


def test_what_may_mean_something_else_is_said_so(tmp_path: Path) -> None:
    files = {
        "package.json": '{"dependencies": {"dd-trace": "^5.0.0", "@aws-sdk/client-s3": "3.1.0"}}\n',
        "compose.yaml": "services:\n  search: {image: 'elasticsearch:8.15.0'}\n",
    }
    assert names(tmp_path, files) == {"AWS": True, "Docker": False, "Datadog": True, "ELK Stack": True}


def test_ways_to_name_a_chart(tmp_path: Path) -> None:
    files = {
        "infra/main.tf": 'resource "helm_release" "a" {\n  name  = "a"\n  chart = "kube-prometheus-stack"\n}\n',
        "flux/a.yaml": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: a}\n"
        "spec: {url: 'oci://ghcr.io/grafana/helm-charts/grafana'}\n",
        "flux/b.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: b}\n"
        "spec: {chart: {spec: {chart: fluent-bit}}}\n",
        "helmfile.yaml": "releases:\n  - name: c\n    chart: hashicorp/vault\n",
        "argocd/a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: d}\n"
        "spec: {sources: [{chart: datadog, repoURL: 'https://helm.datadoghq.com'}]}\n",
        "overlay/kustomization.yaml": "helmCharts:\n- {name: istiod, repo: 'https://x'}\n",
    }
    found = names(tmp_path, files)
    assert {"Prometheus", "Grafana", "Fluentd", "Vault", "Datadog", "Istio"} <= found.keys()


def test_ways_of_pipelines_and_containers(tmp_path: Path) -> None:
    files = {
        ".github/workflows/ci.yml": "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        "    - uses: google-github-actions/auth@v2\n    - run: |\n        set -e\n"
        "        aws secretsmanager get-secret-value\n        doctl auth init\n",
        "compose.yaml": "services:\n  a: {image: '${PROM}', environment: [NEW_RELIC_APP_NAME=shop]}\n",
        ".env": "PROM=prom/prometheus:v3.0.0\n",
        "infra/ecs.tf": 'resource "aws_ecs_task_definition" "a" {\n  family = "a"\n'
        '  container_definitions = jsonencode([{ logConfiguration = { logDriver = "awsfirelens" } }])\n}\n',
    }
    found = {each.name: each for each in found_in(write(tmp_path, files))}
    assert {"AWS", "GCP", "DigitalOcean", "AWS Secrets Manager", "Prometheus", "New Relic", "Fluentd"} <= found.keys()
    assert found["DigitalOcean"].shown_by.at.span.line == 10
    assert found["Fluentd"].shown_by.at.span.line == 3


def test_rules_of_loki_are_none_of_prometheus(tmp_path: Path) -> None:
    expr = 'sum(rate({app="shop"} |= "error" [5m])) > 1'
    found = names(tmp_path, {"rules.yml": f"groups:\n- name: a\n  rules:\n  - {{alert: A, expr: '{expr}'}}\n"})
    assert "Prometheus" not in found


def test_globs_take_away() -> None:
    globs = Globs(["aws_cloudwatch_*", "!aws_cloudwatch_event_*"])
    assert globs.match("aws_cloudwatch_log_group") and not globs.match("aws_cloudwatch_event_rule")
    assert not Globs([]).match("")


def test_the_doctor_prints_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        tmp_path, {"k8s/service.yaml": SIGNS["Kubernetes"][1], "package.json": '{"dependencies": {"newrelic": "1"}}\n'}
    )
    assert main(["doctor", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.partition("technologies here\n")[2]
    assert re.search(r"Kubernetes +k8s/service\.yaml:\d+   Service", shown)
    assert re.search(r"New Relic +package\.json:1   perhaps: package newrelic\n", shown)
    assert "no sign of: AWS, GCP" in shown
    assert shown.endswith("looked for in 2 files\n")


def test_the_doctor_says_what_it_did_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"\x1b[31mk8s.yaml": "apiVersion: v1\nkind: Service\nmetadata: [\n", "a.txt": ""})
    assert main(["doctor", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "looked for in 2 files, of which 1 could not be read as they stand" in shown
    assert "\x1b" not in shown


# the page


@cache
def rules() -> list[Rule]:
    return Catalogue([ROOT / "rules"]).rules()


def test_rules_of_one_tool_judge_no_other() -> None:
    for known in table():
        ids = {rule.id for rule in judging(known, rules())}
        for prefix in ("github", "gitlab", "jenkins"):
            if known.group == "CI/CD" and not known.name.lower().startswith(prefix):
                assert not any(id.startswith(f"{prefix}-") for id in ids), known.name
    assert {"pipeline-unpinned-action", "pipeline-stages"} <= {
        rule.id for rule in judging(_of("GitHub Actions"), rules())
    }
    assert "tf-s3-encrypted" in {rule.id for rule in judging(_of("AWS"), rules())}


def _of(name: str) -> Known:
    return next(known for known in table() if known.name == name)


def test_the_page_is_what_the_data_says() -> None:
    page = "\n".join(lines()) + "\n"
    if os.environ.get("GATEKEEPER_UPDATE"):
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page


def lines() -> Iterator[str]:
    yield from ("# Technologies", "")
    yield "What a repository is built with, how that is told, and which rules judge it. `gatekeeper doctor` prints what"
    yield "is found, with the file that shows it; so do the completion report and the JSON report. What documents say,"
    yield "test data and examples of modules show nothing. Generated from `gatekeeper/models/technologies.yaml` and the"
    yield from ("rules; `GATEKEEPER_UPDATE=1 pytest` on `tests/test_technologies.py` writes it anew.", "")
    yield from ("| Group | Technologies, with the number of rules |", "|---|---|")
    for group, rows in groupby(table(), lambda known: known.group):
        yield f"| {group} | {', '.join(f'{known.name} ({len(judging(known, rules()))})' for known in rows)} |"
    for group, rows in groupby(table(), lambda known: known.group):
        yield from ("", f"## {group}")
        for known in rows:
            yield from ("", f"### {known.name}", "", *of_one(known))


def of_one(known: Known) -> Iterator[str]:
    yield f"Recognised by {'; '.join(ways(known))}."
    doubts = [f"{WAYS[kind]} {listed(getattr(known.maybe, kind))}" for kind in KINDS if getattr(known.maybe, kind)]
    doubts += [f"packages {listed(known.packages)}"] if known.packages else []
    if doubts:
        yield f"Perhaps by {'; '.join(doubts)}."
    found = judging(known, rules())
    yield from ("", known.note) if known.note else ()
    if not found:
        yield from ("", "**Recognised only**: no rule judges it.")
        return
    yield from ("", f"{len(found)} rules:" if len(found) > 1 else "One rule:", "")
    titles = {definition.id: definition.title for definition in gates.load(ROOT / "rules" / "gates.yaml")}
    order = list(titles)
    for gate in sorted({rule.gate for rule in found}, key=order.index):
        yield f"- {titles[gate]}: {', '.join(rule.id for rule in found if rule.gate == gate)}"


WAYS = {
    "types": "Terraform's types", "providers": "Terraform's providers", "groups": "API groups of Kubernetes",
    "keys": "annotations and labels", "stores": "stores of secrets", "images": "images", "charts": "charts",
    "actions": "actions", "commands": "commands of pipelines", "variables": "environment variables",
}  # fmt: skip


def ways(known: Known) -> Iterator[str]:
    if known.subjects:
        yield f"what is read as {listed(known.subjects)}"
    for kind in KINDS:
        if getattr(known, kind):
            yield f"{WAYS[kind]} {listed(getattr(known, kind))}"
    named = [each for each in known.files if isinstance(each, str)]
    if named:
        yield f"files {listed(named)}"
    for each in known.files:
        if isinstance(each, Held):
            yield f"files `{each.path}` that hold {' and '.join(f'`{words}`' for words in each.holds)}"
    if known.texts:
        yield f"{listed(known.texts)} in definitions of ECS tasks and templates of CloudFormation"


def listed(words: list[str]) -> str:
    kept = [word for word in words if not word.startswith("!")]
    left = [word[1:] for word in words if word.startswith("!")]
    shown = ", ".join(f"`{word}`" for word in kept)
    return f"{shown} (without {', '.join(f'`{word}`' for word in left)})" if left else shown
