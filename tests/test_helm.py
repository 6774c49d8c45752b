"""Charts: rendered when a person asks or by evidence, judged at the lines of their templates, never half of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import cli
from gatekeeper.analysers import helm
from gatekeeper.audit import Request, audit, read
from gatekeeper.discover import discover
from gatekeeper.fixes import fixed
from gatekeeper.models.helm import Chart
from gatekeeper.models.helm.lock import digests
from gatekeeper.models.helm.places import lines_of
from gatekeeper.models.helm.rendered import documents
from gatekeeper.models.kubernetes import Container, Object, Workload
from gatekeeper.node import Source
from gatekeeper.plugins import manager
from gatekeeper.project import Project
from gatekeeper.settings import Invalid, Settings, load
from gatekeeper.testing import project_of

CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: '1'\n"
APP = """\
{{- $name := .Release.Name }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "shop.labels" . | nindent 4 }}
spec:
  {{- if .Values.replicas }}
  replicas: {{ .Values.replicas }}
  {{- else }}
  replicas: 1
  {{- end }}
  template:
    metadata:
      labels:
        {{- include "shop.labels" . | nindent 8 }}
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      containers:
        {{- range .Values.containers }}
        - name: {{ .name }}
          image: "{{ .image }}:{{ .tag }}"
          env:
            {{- range $key, $value := .env }}
            - name: {{ $key }}
              value: {{ $value | quote }}
            {{- end }}
        {{- end }}
        - name: proxy
          image: proxy:1.2.3
          {{- /* what it may do
          is written in the values */}}
          securityContext: {{- toYaml .Values.securityContext | nindent 12 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
spec:
  ports: [{port: 80}]
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: default
  labels:
    app: shop
    tier: web
spec:
  replicas: 1
  template:
    metadata:
      labels:
        app: shop
        tier: web
        team: blue
    spec:
      containers:
        - name: a
          image: "a:latest"
          env:
            - name: X
              value: "1"
            - name: Y
              value: "2"
        - name: b
          image: "b:2"
          env:
        - name: proxy
          image: proxy:1.2.3
          securityContext:
            privileged: true
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  ports: [{port: 80}]\n"
OUTPUT = f"---\n# Source: shop/templates/app.yaml\n{SERVICE}---\n# Source: shop/templates/app.yaml\n{DEPLOYMENT}"
KEPT = ".gatekeeper/evidence/shop.yaml"
FILES = {
    "shop/Chart.yaml": CHART,
    "shop/templates/app.yaml": APP,
    "shop/templates/off.yaml": "{{ if .Values.x }}\n{{ end }}\n",
}


def placed(rendered: str, template: str) -> list[int]:
    return lines_of(rendered.splitlines(), Source("a.yaml", template))


def test_a_line_stems_from_the_line_that_made_it() -> None:
    assert placed(DEPLOYMENT, APP) == [
        2, 3, 4, 5, 6, 7, 8, 8, 9, 13, 15, 16, 17, 18, 18, 18, 22, 23,
        25, 26, 27, 29, 30, 29, 30, 25, 26, 27, 33, 34, 37, 37,
    ]  # fmt: skip
    assert placed(SERVICE, APP) == [39, 40, 41, 42, 43, 44]


def test_a_helper_that_makes_all_of_it_is_the_place() -> None:
    assert set(placed(DEPLOYMENT, '{{- $x := 1 }}\n{{ include "lib.deployment" . }}\n')) == {2}


def test_text_that_is_nowhere_stands_somewhere() -> None:
    assert placed("a: 1\nb: 2", "") == [1, 1]
    assert placed("a: 1\nb: 2", "{{") == [1, 1]
    assert placed("", APP) == []


@given(
    st.lists(
        st.sampled_from(["a: 1", "  b: {{ .x }}", "{{ range .y }}", "{{ end }}", "{{- if", "}}", "---", "- {{ . }}"])
    )
)
def test_any_template_gives_lines_of_its_own(lines: list[str]) -> None:
    numbers = placed("a: 1\n  b: 2\n- c\nd: 4", "\n".join(lines))
    assert len(numbers) == 4 and all(1 <= number <= max(len(lines), 1) for number in numbers)


def test_long_documents_are_placed_in_time() -> None:
    template = "a: {{ .x }}\n" + "".join(f"  type: string\n  key{n % 50}: {{{{ .y }}}}\n" for n in range(8000))
    rendered = template.replace("{{ .x }}", "1").replace("{{ .y }}", "2")
    numbers = placed(rendered, template)
    assert numbers[-1] == 16001 and numbers[8000] == 8001


def test_documents_name_their_templates() -> None:
    assert [each.template for each in documents(OUTPUT)] == ["shop/templates/app.yaml"] * 2
    assert not list(documents("a: 1\n---\nb: 2\n"))


def kept(output: str = OUTPUT, more: dict[str, str] | None = None) -> Project:
    return project_of([*(FILES | {KEPT: output} | (more or {})).items()])


def reasons(project: Project) -> set[tuple[str, str]]:
    return {(fault.source.path, fault.reason) for fault in project.faults}


def test_evidence_makes_the_objects() -> None:
    project = kept()
    [workload] = project.all(Workload)
    assert (workload.path, workload.variant) == ("shop/templates/app.yaml", "shop")
    assert workload.span == Source("", APP).line_span(5)
    images = [(each.container_name, each.image.span.line) for each in project.all(Container)]
    assert images == [("a", 26), ("b", 26), ("proxy", 34)]
    assert project.all(Container)[2].security("privileged").span.line == 37
    assert not workload.metadata["namespace"].known, "the release gives it"
    assert not project.faults
    [skip] = [skip for skip in project.skipped if skip.path == "shop/templates/off.yaml"]
    assert skip.reason == "renders to nothing with values.yaml"
    [chart] = project.all(Chart)
    assert chart.rendered and chart.render and chart.render.templates == ("shop/templates/app.yaml",)


def test_without_evidence_nothing_is_known() -> None:
    project = project_of([*FILES.items()])
    assert reasons(project) == {(f"shop/templates/{name}.yaml", "template-unrendered") for name in ("app", "off")}
    assert not project.all(Object)


def test_evidence_of_a_chart_that_is_not_here_is_named() -> None:
    project = kept(OUTPUT.replace("shop/", "other/"))
    assert (KEPT, "wrong-subject") in reasons(project)
    assert ("shop/templates/app.yaml", "template-unrendered") in reasons(project)


def test_evidence_of_a_template_that_is_not_here_is_of_another_chart() -> None:
    project = kept(OUTPUT + "---\n# Source: shop/templates/new.yaml\na: 1\n")
    assert (KEPT, "wrong-subject") in reasons(project) and not project.all(Object)


def test_of_two_charts_of_one_name_nobody_knows_which() -> None:
    twin = {path.replace("shop/", "copy/", 1): text for path, text in FILES.items()}
    assert (KEPT, "wrong-subject") in reasons(kept(more=twin))


def test_evidence_that_does_not_hold_says_why(tmp_path: Path) -> None:
    for path, text in (FILES | {KEPT: OUTPUT}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    project = read(discover(tmp_path), manager().hook, Request(tmp_path, Settings()))
    assert {reason for _, reason in reasons(project)} == {"unbound"}
    assert not project.all(Object) and not project.all(Chart)[0].rendered


def test_a_file_without_templates_is_no_evidence() -> None:
    project = kept("---\n# Source: shop/templates/\napiVersion: v1\n")
    assert not project.all(Object)


def test_plain_templates_are_judged_once() -> None:
    plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n"
    output = f"{OUTPUT}---\n# Source: shop/templates/plain.yaml\n{plain}"
    project = kept(output, {"shop/templates/plain.yaml": plain})
    assert [each.name for each in project.all(Object)].count("ConfigMap/plain") == 1


def test_what_is_made_up_is_not_committed() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: %s\n  token: %s\n"
    template = secret % ("{{ randAlphaNum 20 }}", "{{ .Values.token }}")
    output = "---\n# Source: shop/templates/s.yaml\n" + secret % ("Zk3vQ9xLm2RtY7wBnC5d", "f8H2kLm9QwErT6yUiOp1")
    more = {"shop/templates/s.yaml": template, "shop/values.yaml": "token: f8H2kLm9QwErT6yUiOp1\n"}
    [found] = [each for each in kept(OUTPUT + output, more).all(Object) if each.kind == "Secret"]
    assert not found.node["stringData"]["password"].known
    assert found.node["stringData"]["token"].text == "f8H2kLm9QwErT6yUiOp1"


def test_parts_are_found_by_alias_and_archives_at_their_line() -> None:
    chart = CHART + "dependencies:\n- {name: db, alias: store, version: 1.0.0}\n- {name: cache, version: 1.0.0}\n"
    part = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\n"
    made = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'shop'}\n"
    output = "".join(f"---\n# Source: shop/charts/{name}/templates/a.yaml\n{made}" for name in ("store", "cache"))
    more = {
        "shop/Chart.yaml": chart,
        "shop/charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "shop/charts/db/templates/a.yaml": part,
    }
    project = kept(OUTPUT + output, more)
    found = [(each.path, each.node["kind"].span.line) for each in project.all(Object) if each.kind == "ConfigMap"]
    assert found == [("shop/charts/db/templates/a.yaml", 2), ("shop/Chart.yaml", 7)]
    assert not project.faults


def test_a_chart_that_takes_others_in_is_not_all_there() -> None:
    chart = CHART + "dependencies: [{name: db, version: 1.0.0, repository: 'https://x.example'}]\n"
    assert ("shop/Chart.yaml", "template-unrendered") in reasons(project_of([("shop/Chart.yaml", chart)]))


@pytest.mark.parametrize("text", ["- a\n", "{{ x }}\n", "name: [\n", "", "dependencies: {a: 1}\nname: {a: b}\n"])
def test_no_chart_breaks_anything(text: str) -> None:
    project_of([("a/Chart.yaml", text), ("a/Chart.lock", text), ("a/values.yaml", text)])


def test_digest_is_that_of_helm() -> None:
    chart = """\
apiVersion: v2
name: kafka-exporter
version: 1.0.0
dependencies:
- name: kafka
  version: ">= 1, < 2"
  repository: file://../kafka
  alias: k
  condition: kafka.enabled
  tags: [a, "b&c"]
  import-values: [data, {parent: data, child: imported}]
"""
    lock = "dependencies:\n- {name: kafka, repository: 'file://../kafka', version: 1.5.0}\n"
    [found] = project_of([("c/Chart.yaml", chart), ("c/Chart.lock", lock)]).all(Chart)
    assert digests(found) == {"sha256:f9a167b5b0f9cc5bca027376b299ee91c0c61a083d0d49be968bcbe5168c269e"}
    [found] = project_of([("c/Chart.yaml", chart.replace("imported", "on"))]).all(Chart)
    assert not digests(found)


# with a program


def repository(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A helm that says what is written beside it, and what it was called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "out").write_text(OUTPUT)
    script = folder / "helm"
    script.write_text(
        f"#!{sys.executable}\nimport os, pathlib, sys\nhere = pathlib.Path({str(folder)!r})\n"
        "if sys.argv[1] == 'version': print('v9.8.7'); sys.exit()\n"
        "chart = pathlib.Path(sys.argv[3])\n"
        "(here / 'told').write_text('\\n'.join([*sys.argv[1:], '|', *sorted(os.environ), '|',\n"
        "    *sorted(str(p.relative_to(chart)) for p in chart.rglob('*') if p.is_file())]))\n"
        "if (here / 'err').exists(): sys.stderr.write((here / 'err').read_text()); sys.exit(1)\n"
        "print((here / 'out').read_text())\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("HELM_PLUGINS", "/somewhere")
    monkeypatch.setenv("KUBECONFIG", "/somewhere")
    return folder


def rendered(root: Path) -> Project:
    return read(discover(root), manager().hook, Request(root, Settings(), render=("helm",)))


def test_helm_is_run_on_a_copy_that_knows_nobody(stub: Path, tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", FILES | {"shop/values-prod.yaml": "replicas: 3\n"})
    project = rendered(root)
    assert [each.path for each in project.all(Workload)] == ["shop/templates/app.yaml"] and not project.faults
    [chart] = project.all(Chart)
    assert chart.render and (chart.render.by, chart.render.values) == ("helm 9.8.7", "no values and values-prod.yaml")
    told = (stub / "told").read_text()
    assert str(root) not in told and "HELM_PLUGINS" not in told and "KUBECONFIG" not in told
    assert told.startswith("template\nshop\n") and "--values" in told and "templates/app.yaml" in told


def test_what_helm_refuses_is_unknown_with_its_words(stub: Path, tmp_path: Path) -> None:
    (stub / "err").write_text(
        "Error: execution error at (shop/templates/app.yaml:3:4): a host is required\n\nUse --debug\n"
    )
    project = rendered(repository(tmp_path / "shop", FILES))
    assert {fault.reason for fault in project.faults} == {"template-unrendered"}
    assert all("a host is required" in fault.message and "--debug" not in fault.message for fault in project.faults)
    assert not project.all(Object)


def test_nothing_is_fetched(stub: Path, tmp_path: Path) -> None:
    chart = CHART + "dependencies: [{name: db, version: 1.0.0, repository: 'https://x.example/charts'}]\n"
    project = rendered(repository(tmp_path / "shop", FILES | {"shop/Chart.yaml": chart}))
    assert not (stub / "told").exists()
    words = "needs helm dependency build: chart db from https://x.example/charts"
    assert all(words in fault.message for fault in project.faults) and project.faults


def test_what_a_part_lacks_is_missed_too(stub: Path, tmp_path: Path) -> None:
    part = "apiVersion: v2\nname: db\nversion: 1.0.0\ndependencies: [{name: lib, version: 1.0.0, repository: 'https://x'}]\n"
    project = rendered(repository(tmp_path / "shop", FILES | {"shop/charts/db/Chart.yaml": part}))
    assert not (stub / "told").exists() and all("chart lib" in fault.message for fault in project.faults)


def test_a_chart_beside_it_is_copied_in(stub: Path, tmp_path: Path) -> None:
    chart = CHART + "dependencies: [{name: common, version: 1.0.0, repository: 'file://../common'}]\n"
    library = {
        "common/Chart.yaml": "apiVersion: v2\nname: common\ntype: library\nversion: 1.0.0\n",
        "common/templates/_all.yaml": "{{ define 'x' }}{{ end }}\n",
    }
    project = rendered(repository(tmp_path / "shop", FILES | {"shop/Chart.yaml": chart} | library))
    assert "charts/local-0/templates/_all.yaml" in (stub / "told").read_text()
    assert not project.faults
    assert ("common/templates/_all.yaml", "a library makes nothing by itself") in project.skipped


def test_a_link_is_not_followed(stub: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    root = repository(tmp_path / "shop", FILES)
    (root / "shop/templates/link.yaml").symlink_to(tmp_path / "secret.yaml")
    project = rendered(root)
    assert not (stub / "told").exists()
    assert all("link.yaml cannot be read: a link" in fault.message for fault in project.faults if fault.technology)


def test_a_name_is_no_option(stub: Path, tmp_path: Path) -> None:
    rendered(repository(tmp_path / "shop", FILES | {"shop/Chart.yaml": CHART.replace("shop", "--post-renderer=x")}))
    assert (stub / "told").read_text().startswith("template\nrelease\n")


def test_a_helm_of_the_repository_is_not_run(stub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "shop", FILES)
    shutil.copytree(stub, root / "bin")
    monkeypatch.setenv("PATH", str(root / "bin"))
    project = rendered(root)
    assert not (root / "bin" / "told").exists() and not (stub / "told").exists()
    assert all("is part of the repository" in fault.message for fault in project.faults)


def test_without_helm_nothing_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    project = rendered(repository(tmp_path / "shop", FILES))
    assert all("helm is not installed" in fault.message for fault in project.faults) and len(project.faults) >= 2


def test_no_setting_asks_for_it() -> None:
    with pytest.raises(Invalid, match="render"):
        load(Source("gatekeeper.yaml", "render: [helm]\n"))
    with pytest.raises(Invalid, match="helm"):
        load(Source("gatekeeper.yaml", "analysers: [helm]\n"))


def test_command_line(stub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = repository(tmp_path / "shop", FILES)
    words = ["audit", str(root), "--select", "k8s-privileged,helm-chart-renders", "--isolated"]
    assert cli.main(words) == 3
    assert cli.main([*words, "--render", "helm"]) == 1
    assert "shop/templates/app.yaml:37" in capsys.readouterr().out
    assert cli.main([*words, "--render", "kustomize"]) == 2
    assert cli.main([*words, "--render", "helm", "--staged"]) == 2


def test_a_line_of_a_template_is_not_edited(stub: Path, tmp_path: Path) -> None:
    request = Request(repository(tmp_path / "shop", FILES), Settings(), render=("helm",))
    report = audit(request, manager().hook)
    assert any(each.at.source.path.endswith("app.yaml") for each in report.findings)
    assert not any(each.at.source.exact for each in report.findings if each.at.source.path.endswith("app.yaml"))
    assert not fixed(report, request, manager().hook, unsafe=True).texts.get("shop/templates/app.yaml")


def test_production_values_are_found(tmp_path: Path) -> None:
    names = (
        "values-prod.yaml",
        "values.production.yml",
        "values/prod.yaml",
        "values-prod.enc.yaml",
        "prod.yaml",
        "ci/prod.yaml",
    )
    root = repository(tmp_path, FILES | {f"shop/{name}": "a: 1\n" for name in names})
    project = read(discover(root), manager().hook)
    found = helm.production_values(project.all(Chart)[0], project.tree)
    assert found == ["shop/values-prod.yaml", "shop/values.production.yml", "shop/values/prod.yaml"]


@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not on PATH")
def test_with_the_real_helm(tmp_path: Path) -> None:
    files = FILES | {
        "shop/values.yaml": "containers: [{name: a, image: a, tag: latest, env: {X: 1}}]\n"
        "securityContext: {privileged: true}\n",
        "shop/templates/_helpers.tpl": '{{- define "shop.labels" -}}\napp: shop\n{{- end }}\n',
        "shop/templates/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
        "stringData: {password: {{ randAlpha 9 }}}\n",
    }
    project = rendered(repository(tmp_path, files))
    assert not project.faults
    found = {each.container_name: each.image.span.line for each in project.all(Container)}
    assert found == {"a": 26, "proxy": 34}
    [secret] = [each for each in project.all(Object) if each.kind == "Secret"]
    assert not secret.node["stringData"]["password"].known


@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not on PATH")
def test_recorded_output_is_what_helm_writes(tmp_path: Path) -> None:
    root = repository(tmp_path, {"shop/Chart.yaml": CHART, "shop/templates/a.yaml": SERVICE})
    done = subprocess.run(["helm", "template", "shop", root / "shop"], capture_output=True, text=True, check=True)
    assert [each.text.strip() for each in documents(done.stdout)] == [SERVICE.strip()]


def test_what_only_tests_give_is_nobodys_password(stub: Path, tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: %s\n"
    (stub / "out").write_text("---\n# Source: shop/templates/s.yaml\n" + secret % "tr0ub4dor-3-Zx91")
    (stub / "fails").write_text("")
    script = stub / "helm"
    script.write_text(script.read_text().replace("if (here", "if '--values' not in sys.argv: sys.exit(1)\nif (here"))
    files = {
        "shop/templates/s.yaml": secret % "{{ required `a password` .Values.password }}",
        "shop/ci/all-values.yaml": "password: tr0ub4dor-3-Zx91\n",
    }
    project = rendered(repository(tmp_path / "shop", FILES | files))
    [chart] = project.all(Chart)
    assert chart.render and chart.render.values == "no values and ci/all-values.yaml"
    [found] = [each for each in project.all(Object) if each.kind == "Secret"]
    assert not found.node["stringData"]["password"].known


def test_a_release_namespace_is_one_wherever_it_is_named() -> None:
    template = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: a\n"
        "subjects:\n  - kind: ServiceAccount\n    name: a\n    namespace: {{ .Release.Namespace | quote }}\n"
        "  - kind: ServiceAccount\n    name: b\n    namespace: default\n"
    )
    output = "---\n# Source: shop/templates/rb.yaml\n" + template.replace(
        "{{ .Release.Namespace | quote }}", '"default"'
    )
    project = kept(OUTPUT + output, {"shop/templates/rb.yaml": template})
    [binding] = [each for each in project.all(Object) if each.kind == "RoleBinding"]
    assert [each["namespace"].known for each in binding.node["subjects"]] == [False, True]


def test_a_template_that_always_makes_something_is_not_silent() -> None:
    bad = "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}'}\n"
    project = kept(more={"shop/templates/bad.yaml": bad})
    assert reasons(project) == {("shop/templates/bad.yaml", "template-unrendered")}
    assert not kept(more={"shop/templates/bad.yaml": "{{ if .Values.x }}\n" + bad + "{{ end }}\n"}).faults


def test_output_that_is_no_yaml_is_not_judged_away() -> None:
    bad = "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}'}\n"
    output = f"{OUTPUT}---\n# Source: shop/templates/bad.yaml\nkind: Pod\nmetadata: [\n"
    assert ("shop/templates/bad.yaml", "template-unrendered") in reasons(kept(output, {"shop/templates/bad.yaml": bad}))
