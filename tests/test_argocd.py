"""Argo CD: which Applications a set makes, what they sync, and which repository this is, beyond the rules' examples."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gatekeeper import engine
from gatekeeper.catalogue import Catalogue
from gatekeeper.links.argocd import Ours, in_tree, ours, production_app
from gatekeeper.links.argocd_files import covered, synced
from gatekeeper.links.argocd_projects import permits_source
from gatekeeper.links.argocd_rollbacks import goings
from gatekeeper.links.argocd_sets import every, made_by
from gatekeeper.models.docs import Document
from gatekeeper.models.kubernetes import Application, AppProject, ArgoWorkflow
from gatekeeper.models.kubernetes.argocd import tracked
from gatekeeper.node import Unresolved
from gatekeeper.project import Project
from gatekeeper.testing import project_of

RULES = {rule.id: rule for rule in Catalogue([Path(__file__).parent.parent / "rules"]).rules(["argocd"])}
URL = "https://github.com/acme/gitops"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {}}}\n"


def repository(*files: tuple[str, str], settings: str = "") -> Project:
    more = [("gatekeeper.yaml", settings)] if settings else []
    return project_of([*files, *more])


def application(name: str = "shop", source: str = "path: apps/shop", more: str = "", destination: str = "") -> str:
    where = destination or "server: https://kubernetes.default.svc, namespace: shop"
    return f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}}}
spec:
  source: {{repoURL: "{URL}", {source}}}
  destination: {{{where}}}
  {more}
"""


def applications(generators: str, template: str, go: str = "") -> str:
    return f"""apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: apps}}
spec:
  {go}
  generators:
{generators}
  template:
    metadata: {{name: "{template}"}}
    spec:
      source: {{repoURL: "{URL}", path: "{template}"}}
      destination: {{name: in-cluster, namespace: shop}}
"""


APPS = (
    ("apps/shop/ns.yaml", NAMESPACE.format("shop")),
    ("apps/web/ns.yaml", NAMESPACE.format("web")),
    ("argocd/known.yaml", application("a") + "---\n" + application("b", "path: apps/web")),
)


def names(project: Project) -> list[str]:
    return [each.object_name for each in every(project) if each.made]


def only(project: Project) -> Application:
    return next(each for each in project.all(Application) if each.made)


@pytest.mark.parametrize(
    ("generators", "template", "go", "expected"),
    [
        ("    - list: {elements: [{env: dev}, {env: prod}]}", "x-{{env}}", "", ["x-dev", "x-prod"]),
        ("    - list: {elements: [{env: dev}]}", "x-{{ .env }}", "goTemplate: true", ["x-dev"]),
        ("    - list: {elements: [{a: {b: dev}}]}", "x-{{ .a.b }}", "goTemplate: true", ["x-dev"]),
        (
            "    - list: {elements: [{labels: {tier: dev}}]}",
            "x-{{index .labels 'tier'}}",
            "goTemplate: true",
            ["x-{{index .labels 'tier'}}"],  # no string of Go's: not known
        ),
        (
            f"    - git: {{repoURL: '{URL}', directories: [{{path: 'apps/*'}}]}}",
            "{{path}}",
            "",
            ["apps/shop", "apps/web"],
        ),
        (
            f"    - git: {{repoURL: '{URL}', directories: [{{path: 'apps/*'}}, {{path: apps/web, exclude: true}}]}}",
            "{{.path.basename}}-{{index .path.segments 0}}",
            "goTemplate: true",
            ["shop-apps"],
        ),
        (
            "    - matrix: {generators: [{list: {elements: [{a: x}, {a: y}]}}, {list: {elements: [{b: '1'}]}}]}",
            "{{a}}-{{b}}",
            "",
            ["x-1", "y-1"],
        ),
        (
            "    - merge: {mergeKeys: [a], generators: [{list: {elements: [{a: x, b: '1'}, {a: y, b: '1'}]}},"
            " {list: {elements: [{a: y, b: '2'}]}}]}",
            "{{a}}-{{b}}",
            "",
            ["x-1", "y-2"],
        ),
        (
            "    - list: {elements: [{a: x}], values: {b: '{{a}}!'}}",
            "{{a}}-{{values.b}}",
            "",
            ["x-x!"],
        ),
        ("    - {list: {elements: [{a: x}, {a: y}]}, selector: {matchLabels: {a: y}}}", "{{a}}", "", ["y"]),
    ],
)
def test_what_a_set_makes(generators: str, template: str, go: str, expected: list[str]) -> None:
    made = repository(*APPS, ("argocd/set.yaml", applications(generators, template, go)))
    assert names(made) == expected


def test_files_of_git_give_what_they_hold() -> None:
    generator = f"    - git: {{repoURL: '{URL}', files: [{{path: 'config/**/config.json'}}]}}"
    made = repository(
        *APPS,
        ("config/eu/config.json", '{"cluster": {"name": "eu-prod"}}'),
        ("argocd/set.yaml", applications(generator, "{{cluster.name}}-{{path.basename}}")),
    )
    assert names(made) == ["eu-prod-eu"]


@pytest.mark.parametrize(
    "generators",
    [
        "    - clusters: {}",
        "    - plugin: {configMapRef: {name: x}}",
        "    - list: {elements: [], elementsYaml: '{{ .x }}'}",
        "    - git: {repoURL: 'https://github.com/other/repository', directories: [{path: '*'}]}",
        "    - matrix: {generators: [{clusters: {}}, {list: {elements: [{b: '1'}]}}]}",
    ],
)
def test_what_only_argo_cd_knows_is_not_known(generators: str) -> None:
    made = repository(*APPS, ("argocd/set.yaml", applications(generators, "{{name}}")))
    assert not made_by(only(made), made).whole
    outcome = engine.run([RULES["argocd-phantom-target"]], made)[0]
    assert any(verdict.unknowns for verdict in outcome.verdicts)


def test_an_empty_list_makes_nothing() -> None:
    made = repository(("argocd/set.yaml", applications("    - list: {elements: []}", "{{env}}")))
    assert not only(made).there


def test_a_patch_of_the_template_makes_its_fields_unknown() -> None:
    text = applications("    - list: {elements: [{env: prod}]}", "{{env}}") + "  templatePatch: |\n    spec:\n"
    text += "      syncPolicy:\n        automated: {}\n"
    made = only(repository(("argocd/set.yaml", text)))
    with pytest.raises(Unresolved):
        assert made.automated


def test_what_a_cluster_said_is_no_application_of_ours() -> None:
    dumped = application().replace("metadata: {", "metadata: {uid: 6f1a, ")
    assert not repository(("dump.yaml", dumped)).all(Application)


@pytest.mark.parametrize(
    ("policy", "automated"),
    [
        ("syncPolicy: {automated: {}}", True),
        ("syncPolicy: {automated: {enabled: null}}", True),
        ("syncPolicy: {automated: {enabled: false, prune: true}}", False),
        ("syncPolicy: {automated: null}", False),
        ("syncPolicy: {syncOptions: [CreateNamespace=true]}", False),
        ("", False),
    ],
)
def test_automated(policy: str, automated: bool) -> None:
    each = repository(("a.yaml", application(more=policy))).all(Application)[0]
    assert each.automated is automated


# Which repository this is


def test_paths_that_are_here_tell_which_repository_this_is() -> None:
    made = repository(*APPS, ("argocd/other.yaml", application("c").replace("acme/gitops", "other/repository")))
    answers = {each.object_name: ours(each.sources[0].repository, made) for each in made.all(Application)}
    assert answers == {"a": Ours.LIKELY, "b": Ours.LIKELY, "c": Ours.NO}


def test_one_path_alone_tells_nothing() -> None:
    made = repository(("apps/shop/ns.yaml", NAMESPACE.format("shop")), ("a.yaml", application()))
    assert ours(made.all(Application)[0].sources[0].repository, made) is Ours.UNKNOWN


def test_the_remote_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.links.argocd.origin_of", lambda root: "git@github.com:Acme/GitOps.git")
    monkeypatch.setattr("gatekeeper.links.argocd.ask", lambda root, *words: b"")
    made = repository(("a.yaml", application() + "---\n" + application("b").replace("acme/", "other/")))
    assert [ours(each.sources[0].repository, made) for each in made.all(Application)] == [Ours.YES, Ours.NO]


def test_a_folder_of_the_repository_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.links.argocd.origin_of", lambda root: URL)
    monkeypatch.setattr("gatekeeper.links.argocd.ask", lambda root, *words: b"deploy/\n")
    made = repository(("a.yaml", application(source="path: deploy/shop")), ("shop/ns.yaml", NAMESPACE.format("a")))
    assert (in_tree("deploy/shop", made), in_tree("docs", made)) == ("shop", None)
    assert sorted(covered(made).by_file) == ["shop/ns.yaml"]


# Where to


@pytest.mark.parametrize(
    ("destination", "source", "certain"),
    [
        ("name: prod-eu, namespace: shop", "path: shop", True),
        ("name: staging, namespace: shop", "path: overlays/production", None),
        ("name: in-cluster, namespace: shop", "path: overlays/production", True),
        ("name: in-cluster, namespace: shop", "path: overlays/qa", None),
        ("name: in-cluster, namespace: shop", "path: shop, helm: {valueFiles: [values-prod.yaml]}", True),
        ("name: in-cluster, namespace: shop", "path: shop", False),
        ("name: non-prod, namespace: shop", "path: shop", None),
    ],
)
def test_production(destination: str, source: str, certain: bool | None) -> None:
    made = repository(("a.yaml", application(destination=destination, source=source)))
    found = production_app(made.all(Application)[0], made)
    assert (found.certain if found else None) is certain


def test_settings_say_what_is_production() -> None:
    made = repository(
        ("a.yaml", application(destination="name: blue, namespace: shop")),
        settings="environments: {production: [blue]}\n",
    )
    found = production_app(made.all(Application)[0], made)
    assert found and found.certain


def test_a_preview_is_not_production() -> None:
    generator = "    - pullRequest: {github: {owner: acme, repo: shop}}"
    text = applications(generator, "shop-{{number}}").replace("in-cluster", "production")
    made = repository(("argocd/set.yaml", text))
    each = made_by(only(made), made).applications[0]
    assert production_app(each, made) is None


@pytest.mark.parametrize(
    ("revision", "kind"),
    [
        ("HEAD", "trunk"), ("main", "trunk"), ("refs/heads/main", "trunk"), ("1.x", "range"), (">=1.2 <2", "range"),
        ("*", "range"), ("~1.2.0", "range"), ("v1.4.2", "fixed"), ("1.4.2", "fixed"), ("release/1.4", "other"),
        ("app/v1.4.0", "fixed"),
        ("4f5c1d2e", "fixed"), ("refs/tags/stable", "fixed"), ("production", "other"),
    ],
)  # fmt: skip
def test_revisions(revision: str, kind: str) -> None:
    made = repository(("a.yaml", application(source=f"path: a, targetRevision: '{revision}'")))
    assert tracked(made.all(Application)[0].sources[0]).value == kind


@pytest.mark.parametrize(
    ("rules", "address", "permitted"),
    [
        ("['*']", URL, True),
        ("['https://github.com/acme/*']", f"{URL}.git", True),
        ("['https://github.com/*']", URL, False),  # `*` stays within a step
        ("['https://github.com/**']", URL, True),
        ("['*', '!https://github.com/acme/*']", URL, False),
        ("[]", URL, False),
    ],
)
def test_sources_of_a_project(rules: str, address: str, permitted: bool) -> None:
    text = (
        f"apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {{name: a}}\nspec: {{sourceRepos: {rules}}}\n"
    )
    assert permits_source(repository(("a.yaml", text)).all(AppProject)[0], address) is permitted


# What is synced


def test_a_folder_is_read_as_its_files_say() -> None:
    made = repository(
        *APPS,
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("base/ns.yaml", NAMESPACE.format("base")),
        ("overlays/eu/kustomization.yaml", "resources: [../../base/ns.yaml]\n"),
        ("argocd/with-chart.yaml", application("chart", "path: charts/shop")),
        ("argocd/overlay.yaml", application("overlay", "path: overlays/eu")),
        ("argocd/all.yaml", application("all", "path: apps, directory: {recurse: true, exclude: 'web/*'}")),
    )
    found = {each.object_name: synced(each.sources[0], made) for each in made.all(Application)}
    tools = {name: (one.tool, sorted(one.files)) for name, one in found.items() if one}
    assert tools["a"] == ("directory", ["apps/shop/ns.yaml"])
    assert tools["chart"] == ("helm", ["charts/shop/Chart.yaml"])
    assert tools["overlay"] == ("kustomize", ["base/ns.yaml", "overlays/eu/kustomization.yaml"])
    assert tools["all"] == ("directory", ["apps/shop/ns.yaml"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`argocd app rollback shop 3`", [("argocd app rollback", "shop", "")]),
        ("`kubectl -n shop rollout undo deployment/web`", [("kubectl rollout undo", "web", "shop")]),
        ("`kubectl rollout undo deploy web --namespace=shop`", [("kubectl rollout undo", "web", "shop")]),
        ("`kubectl argo rollouts undo web -n shop`", [("kubectl argo rollouts undo", "web", "shop")]),
        ("`helm rollback -n shop web 2`", [("helm rollback", "web", "shop")]),
        ("Turn automated sync off, then `argocd app rollback shop 3`", []),
        ("`argocd app set shop --sync-policy none`\n\n`argocd app rollback shop 3`", []),
    ],
)
def test_commands_that_go_back(text: str, found: list[tuple[str, str, str]]) -> None:
    made = repository(("docs/rollback.md", f"# Rollback\n\n{text}\n"))
    document = made.all(Document)[0]
    assert [(each.command, each.name, each.namespace) for each in goings(document)] == found


# Hostile input


def test_aliases_do_not_multiply() -> None:
    lines = ["a0: &a0 ['{{x}}', '{{x}}']"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    text = applications("    - list: {elements: [{x: y}]}", "{{x}}").replace(
        "spec:\n      source", "spec:\n      {}\n      source", 1
    )
    text = text.replace("      {}\n", "".join(f"      {line}\n" for line in lines))
    made = repository(*APPS, ("argocd/set.yaml", text))
    assert len(every(made)) >= 2


def test_parameters_are_followed_once() -> None:
    steps = "[[{name: s, template: NEXT, arguments: {parameters: [{name: p, value: '{{inputs.parameters.p}}'}]}}]]"
    more = [f"[{steps[2:-2]}]" for _ in range(8)]
    inputs = "{parameters: [{name: p}]}"
    templates = [
        f"{{name: t{n}, inputs: {inputs}, steps: [{', '.join(more).replace('NEXT', f't{n + 1}')}]}}" for n in range(30)
    ]
    source = "{image: a, command: [sh], source: '{{inputs.parameters.p}}'}"
    script = f"{{name: t30, inputs: {inputs}, script: {source}}}"
    spec = (
        f"{{entrypoint: t0, arguments: {{parameters: [{{name: p}}]}}, templates: [{', '.join([*templates, script])}]}}"
    )
    text = f"apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {{name: a}}\nspec: {spec}\n"
    started = time.monotonic()
    (each,) = repository(("a.yaml", text)).all(ArgoWorkflow)
    assert [filled.parameter for filled in each.fills_in()] == ["inputs.parameters.p"]
    assert time.monotonic() - started < 10


def test_a_set_that_is_known_in_part_leaves_open_what_is_synced() -> None:
    generators = "    - list: {elements: [{n: apps/shop}]}\n    - clusters: {}"
    made = repository(*APPS, ("argocd/set.yaml", applications(generators, "{{n}}")))
    assert names(made) == ["apps/shop"]
    assert covered(made).open is not None


def test_a_set_that_makes_more_than_is_looked_at_is_not_whole() -> None:
    elements = ", ".join(f"{{a: '{n}'}}" for n in range(400))
    made = repository(("a.yaml", applications(f"    - list: {{elements: [{elements}]}}", "{{a}}")))
    assert not made_by(only(made), made).whole


def test_a_set_of_very_many_is_bounded() -> None:
    elements = ", ".join(f"{{a: '{n}'}}" for n in range(400))
    inner = f"{{list: {{elements: [{elements}]}}}}"
    text = applications(f"    - matrix: {{generators: [{inner}, {inner}]}}", "{{a}}")
    assert len(every(repository(("argocd/set.yaml", text)))) <= 500
