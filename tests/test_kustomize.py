"""What kustomize would apply, built here: against outputs written by hand, and against kustomize where it is there."""

from __future__ import annotations

import shutil
import subprocess
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.discover import Tree
from gatekeeper.models.kubernetes.building import Build, rendered
from gatekeeper.models.kubernetes.building.items import Unclear, pattern, selector
from gatekeeper.models.kubernetes.building.merging import merge
from gatekeeper.node import Node, Source, Span
from gatekeeper.parsers import yaml

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 1
  selector:
    matchLabels:
      app: app
  template:
    metadata:
      labels:
        app: app
    spec:
      serviceAccountName: app
      containers:
      - name: app
        image: registry.example.com:5000/team/app:1.0
        envFrom:
        - configMapRef:
            name: settings
        env:
        - name: A
          value: "1"
        - name: B
          value: "2"
        ports:
        - containerPort: 8080
      - name: proxy
        image: envoy@sha256:aaaa
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n"


def tree(files: dict[str, str]) -> Tree:
    contents: dict[str, str | bytes] = {path: textwrap.dedent(text) for path, text in files.items()}
    return Tree(Path("/nowhere"), contents, contents)


def build(files: dict[str, str], folder: str = "") -> Build:
    found = {each.folder: each for each in tree(files).once(rendered)}
    return found[folder]


def plain(node: Node) -> Any:
    """The value without what is null, which no API keeps."""
    if node.expression:
        return node.expression.text
    if node.is_mapping:
        return {key: plain(child) for key, child in node.items() if child.present}
    return [plain(child) for child in node] if node.is_list else node.value


def objects(build: Build) -> dict[str, Any]:
    return {f"{each['kind'].text}/{each.at('metadata.name').text}": plain(each) for each in build.objects}


def only(build: Build, kind: str) -> Node:
    (found,) = (each for each in build.objects if each["kind"].text == kind)
    return found


def where(node: Node) -> str:
    return f"{node.source.path}:{node.span.line}"


# outputs as they are documented


def test_namespace_names_and_labels() -> None:
    made = build(
        {
            "kustomization.yaml": """\
                namespace: shop
                namePrefix: dev-
                nameSuffix: -eu
                commonLabels: {team: web}
                resources: [deployment.yaml, account.yaml, role.yaml]
                """,
            "deployment.yaml": DEPLOYMENT,
            "account.yaml": ACCOUNT,
            "role.yaml": """\
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: reader}
                rules: []
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: reader}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
                subjects:
                - {kind: ServiceAccount, name: app, namespace: other}
                - {kind: ServiceAccount, name: app}
                - {kind: ServiceAccount, name: default, namespace: old}
                """,
        }
    )
    assert not made.gaps
    found = objects(made)
    assert set(found) == {
        "Deployment/dev-app-eu",
        "ServiceAccount/dev-app-eu",
        "ClusterRole/dev-reader-eu",
        "ClusterRoleBinding/dev-reader-eu",
    }
    deployment = found["Deployment/dev-app-eu"]
    assert deployment["metadata"] == {"name": "dev-app-eu", "namespace": "shop", "labels": {"team": "web"}}
    assert deployment["spec"]["selector"]["matchLabels"] == {"app": "app", "team": "web"}
    assert deployment["spec"]["template"]["metadata"]["labels"] == {"app": "app", "team": "web"}
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == "dev-app-eu"
    binding = found["ClusterRoleBinding/dev-reader-eu"]
    assert "namespace" not in binding["metadata"]
    assert binding["roleRef"]["name"] == "dev-reader-eu"
    assert binding["subjects"][1] == {"kind": "ServiceAccount", "name": "dev-app-eu", "namespace": "shop"}
    assert binding["subjects"][2] == {"kind": "ServiceAccount", "name": "default", "namespace": "shop"}


def test_every_value_keeps_the_place_where_it_was_decided() -> None:
    made = build(
        {
            "base/kustomization.yaml": "resources: [deployment.yaml]\n",
            "base/deployment.yaml": DEPLOYMENT,
            "prod/kustomization.yaml": """\
                resources: [../base]
                namePrefix: prod-
                namespace: shop
                images:
                - name: registry.example.com:5000/team/app
                  newTag: "2.0"
                replicas:
                - name: app
                  count: 3
                patches:
                - path: patch.yaml
                - target: {kind: Deployment}
                  patch: |-
                    - op: add
                      path: /spec/paused
                      value: true
                """,
            "prod/patch.yaml": """\
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: app}
                spec:
                  template:
                    spec:
                      containers:
                      - name: app
                        resources:
                          limits: {memory: 1Gi}
                """,
        },
        "prod",
    )
    assert not made.gaps
    assert made.files == {
        "base/kustomization.yaml",
        "base/deployment.yaml",
        "prod/kustomization.yaml",
        "prod/patch.yaml",
    }
    deployment = only(made, "Deployment")
    container = deployment.at("spec.template.spec.containers.0")
    assert (deployment.at("metadata.name").text, where(deployment.at("metadata.name"))) == (
        "prod-app",
        "base/deployment.yaml:4",
    )
    assert (container["image"].text, where(container["image"])) == (
        "registry.example.com:5000/team/app:2.0",
        "prod/kustomization.yaml:6",
    )
    assert (deployment.at("spec.replicas").value, where(deployment.at("spec.replicas"))) == (
        3,
        "prod/kustomization.yaml:9",
    )
    assert where(deployment.at("metadata.namespace")) == "prod/kustomization.yaml:3"
    assert where(container.at("resources.limits.memory")) == "prod/patch.yaml:10"
    assert where(deployment.at("spec.paused")) == "prod/kustomization.yaml:16"
    paused = deployment.at("spec.paused")
    assert paused.source.slice(paused.span) == "true"
    assert where(container["name"]) in ("base/deployment.yaml:17", "prod/patch.yaml:8")
    assert where(container["env"][0]["value"]) == "base/deployment.yaml:24"


def test_a_base_is_as_it_was_after_it_was_built_twice() -> None:
    files = {
        "base/kustomization.yaml": "resources: [deployment.yaml]\n",
        "base/deployment.yaml": DEPLOYMENT,
        "a/kustomization.yaml": "resources: [../base]\nnamePrefix: a-\ncommonLabels: {x: a}\n",
        "b/kustomization.yaml": "resources: [../base]\nreplicas: [{name: app, count: 9}]\n",
    }
    repository = tree(files)
    before = yaml.parse(Source("base/deployment.yaml", DEPLOYMENT)).nodes[0].plain
    found = {each.folder: each for each in repository.once(rendered)}
    assert set(found) == {"a", "b"}
    assert repository.source("base/deployment.yaml").once(yaml.parse).nodes[0].plain == before
    assert objects(found["b"])["Deployment/app"]["spec"]["replicas"] == 9
    assert objects(found["a"])["Deployment/a-app"]["spec"]["replicas"] == 1
    # what nothing changed is not copied
    assert (
        only(found["b"], "Deployment")["spec"]["template"]
        is (repository.source("base/deployment.yaml").once(yaml.parse).nodes[0]["spec"]["template"])
    )


PATCHED = {
    "a value": ("{spec: {replicas: 5}}", "spec.replicas", 5),
    "null removes": ("{spec: {replicas: null}}", "spec.replicas", None),
    "an item by its key, those of the patch first": (
        "{spec: {template: {spec: {containers: [{name: proxy, image: envoy:2}]}}}}",
        "spec.template.spec.containers.0",
        {"name": "proxy", "image": "envoy:2"},
    ),
    "an item removed": (
        "{spec: {template: {spec: {containers: [{name: app, $patch: delete}]}}}}",
        "spec.template.spec.containers",
        [{"name": "proxy", "image": "envoy@sha256:aaaa"}],
    ),
    "a list replaced": (
        "{spec: {template: {spec: {containers: [{$patch: replace}, {name: new}]}}}}",
        "spec.template.spec.containers",
        [{"name": "new"}],
    ),
    "a mapping replaced": (
        "{spec: {selector: {matchLabels: {$patch: replace, b: c}}}}",
        "spec.selector.matchLabels",
        {"b": "c"},
    ),
    "a variable by its name": (
        "{spec: {template: {spec: {containers: [{name: app, env: [{name: B, value: x}, {name: C, value: y}]}]}}}}",
        "spec.template.spec.containers.0.env",
        [{"name": "B", "value": "x"}, {"name": "C", "value": "y"}, {"name": "A", "value": "1"}],
    ),
    "a port by its number": (
        "{spec: {template: {spec: {containers: [{name: app, ports: [{containerPort: 8080, name: web}]}]}}}}",
        "spec.template.spec.containers.0.ports",
        [{"containerPort": 8080, "name": "web"}],
    ),
    "tolerations have no key": (
        "{spec: {template: {spec: {tolerations: [{key: a}]}}}}",
        "spec.template.spec.tolerations",
        [{"key": "a"}],
    ),
}


@pytest.mark.parametrize("case", PATCHED)
def test_strategic_merge(case: str) -> None:
    patch, path, expected = PATCHED[case]
    target = yaml.parse(Source("a.yaml", DEPLOYMENT)).nodes[0]
    merged = merge(target, yaml.parse(Source("p.yaml", patch)).nodes[0])
    assert merged is not None
    assert plain(merged.at(path)) == expected


def test_lists_of_custom_resources_are_replaced() -> None:
    target = yaml.parse(Source("a", "{apiVersion: x.io/v1, kind: X, spec: {items: [{name: a}, {name: b}]}}")).nodes[0]
    patch = yaml.parse(Source("p", "{spec: {items: [{name: b, c: d}]}}")).nodes[0]
    merged = merge(target, patch)
    assert merged is not None
    assert plain(merged["spec"]["items"]) == [{"name": "b", "c": "d"}]


def test_generators() -> None:
    made = build(
        {
            "kustomization.yaml": """\
                resources: [deployment.yaml]
                generatorOptions:
                  labels: {made: here}
                configMapGenerator:
                - name: settings
                  literals: [A=1, 'B="two"']
                  files: [app.conf, other=app.conf]
                  envs: [.env]
                secretGenerator:
                - name: token
                  type: example.com/token
                  literals: [t=s]
                  options: {disableNameSuffixHash: true}
                """,
            "app.conf": "x <y>\n",
            ".env": "# no\n\nC=3\nD\n",
            "deployment.yaml": DEPLOYMENT,
        }
    )
    assert not made.gaps
    found = objects(made)
    (name,) = (key.partition("/")[2] for key in found if key.startswith("ConfigMap/"))
    assert found[f"ConfigMap/{name}"]["data"] == {
        "A": "1", "B": "two", "app.conf": "x <y>\n", "other": "x <y>\n", "C": "3", "D": "",
    }  # fmt: skip
    assert name == "settings-fkm2g5m84m"
    assert found[f"ConfigMap/{name}"]["metadata"]["labels"] == {"made": "here"}
    assert found["Secret/token"] == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "labels": {"made": "here"}},
        "type": "example.com/token",
        "data": {"t": "cw=="},
    }
    container = only(made, "Deployment").at("spec.template.spec.containers.0")
    assert container.at("envFrom.0.configMapRef.name").text == name
    assert where(container.at("envFrom.0.configMapRef.name")) == "deployment.yaml:21"


def test_a_generated_map_is_merged_with_the_one_of_the_base() -> None:
    made = build(
        {
            "base/kustomization.yaml": "configMapGenerator: [{name: c, literals: [A=1, B=1]}]\n",
            "o/kustomization.yaml": """\
                resources: [../base]
                configMapGenerator: [{name: c, behavior: merge, literals: [B=2]}]
                """,
        },
        "o",
    )
    (config,) = made.objects
    assert plain(config["data"]) == {"A": "1", "B": "2"}
    assert where(config["data"]["B"]) == "o/kustomization.yaml:2"
    assert where(config["data"]["A"]) == "base/kustomization.yaml:1"


def test_components_work_on_what_their_user_has() -> None:
    made = build(
        {
            "kustomization.yaml": "resources: [deployment.yaml]\ncomponents: [tls]\n",
            "deployment.yaml": DEPLOYMENT,
            "tls/kustomization.yaml": """\
                apiVersion: kustomize.config.k8s.io/v1alpha1
                kind: Component
                resources: [secret.yaml]
                patches:
                - target: {kind: Deployment, name: a.*}
                  patch: '[{"op": "replace", "path": "/spec/replicas", "value": 7}]'
                """,
            "tls/secret.yaml": "{apiVersion: v1, kind: Secret, metadata: {name: tls}}\n",
        }
    )
    assert not made.gaps
    assert set(objects(made)) == {"Deployment/app", "Secret/tls"}
    assert objects(made)["Deployment/app"]["spec"]["replicas"] == 7


def test_replacements() -> None:
    made = build(
        {
            "kustomization.yaml": """\
                resources: [deployment.yaml, config.yaml]
                replacements:
                - source: {kind: ConfigMap, name: c, fieldPath: data.port}
                  targets:
                  - select: {kind: Deployment}
                    fieldPaths: ["spec.template.spec.containers.[name=app].ports.0.containerPort"]
                - source: {kind: ConfigMap, name: c, fieldPath: data.host}
                  targets:
                  - select: {kind: Deployment}
                    reject: [{name: other}]
                    fieldPaths: ["spec.template.spec.containers.[name=app].image"]
                    options: {delimiter: /, index: 0}
                """,
            "deployment.yaml": DEPLOYMENT,
            "config.yaml": '{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {port: "9090", host: h.io}}\n',
        }
    )
    assert not made.gaps
    container = only(made, "Deployment").at("spec.template.spec.containers.0")
    assert container["ports"][0]["containerPort"].value == 9090
    assert container["image"].text == "h.io/team/app:1.0"


def test_configurations_name_more_fields() -> None:
    made = build(
        {
            "kustomization.yaml": "namePrefix: p-\nconfigurations: [c.yaml]\nresources: [all.yaml]\n",
            "c.yaml": """\
                nameReference:
                - kind: Secret
                  version: v1
                  fieldSpecs: [{kind: Cluster, path: spec/secret}]
                """,
            "all.yaml": """\
                {apiVersion: v1, kind: Secret, metadata: {name: s}}
                ---
                {apiVersion: x.io/v1, kind: Cluster, metadata: {name: c}, spec: {secret: s}}
                """,
        }
    )
    assert not made.gaps
    assert objects(made)["Cluster/p-c"]["spec"]["secret"] == "p-s"


# what cannot be told

GAPS = {
    "a remote base": ("resources: ['https://github.com/x/y//deploy?ref=v1', d.yaml]", "is remote"),
    "a file that is not there": ("resources: [nope.yaml, d.yaml]", "nope.yaml is not in the repository"),
    "a file outside": ("resources: [../../x.yaml, d.yaml]", "leads out of the repository"),
    "an absolute path": ("resources: [/etc/passwd, d.yaml]", "leads out of the repository"),
    "a folder without a kustomization": ("resources: [empty, d.yaml]", "empty has no kustomization"),
    "a file that does not parse": ("resources: [broken.yaml, d.yaml]", "cannot be read"),
    "a chart": ("resources: [d.yaml]\nhelmCharts: [{name: redis}]", "helmCharts: redis is a chart"),
    "a plugin": ("resources: [d.yaml]\ngenerators: [g.yaml]", "generators: g.yaml"),
    "a patch for nothing": (
        "resources: [d.yaml]\npatches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: x}}'}]",
        "no object here is Service/x",
    ),
    "an expression that is not read": (
        "resources: [d.yaml]\npatches: [{target: {name: '(a+)+b'}, patch: '[{op: remove, path: /spec}]'}]",
        "(a+)+b is an expression",
    ),
    "an operation that finds nothing": (
        "resources: [d.yaml]\npatches: [{target: {kind: Deployment}, patch: '[{op: remove, path: /spec/x}]'}]",
        "has no /spec/x to remove",
    ),
    "an image nobody can name": ("resources: [d.yaml]\nimages: [{name: '(.*)', newTag: x}]", "is no plain name"),
    "a count for nobody": ("resources: [d.yaml]\nreplicas: [{name: x, count: 2}]", "nothing here is called x"),
    "the same twice": ("resources: [d.yaml, again.yaml]", "stands twice"),
    "a field nobody knows": ("resources: [d.yaml]\nressources: []", "knows no such field"),
    "itself": ("resources: [., d.yaml]", "takes in itself"),
}


@pytest.mark.parametrize("case", GAPS)
def test_what_is_not_known_is_a_gap_and_the_rest_is_built(case: str) -> None:
    text, words = GAPS[case]
    files = {
        "kustomization.yaml": text + "\n",
        "d.yaml": DEPLOYMENT,
        "again.yaml": DEPLOYMENT,
        "empty/x.yaml": "a: 1\n",
        "broken.yaml": "a: [\n",
    }
    made = build(files)
    assert any(words in gap.message for gap in made.gaps), made.gaps
    assert all(gap.at.source.path for gap in made.gaps)
    assert "Deployment/app" in objects(made)


def test_a_circle_ends() -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b]\n",
        "b/kustomization.yaml": "resources: [../a, d.yaml]\n",
        "b/d.yaml": DEPLOYMENT,
    }
    (made,) = tree(files).once(rendered)
    assert "takes in itself" in made.gaps[0].message
    assert objects(made)


def test_overlays_that_take_each_other_in_a_thousand_times_end() -> None:
    files = {"k0/kustomization.yaml": "resources: [d.yaml]\n", "k0/d.yaml": ACCOUNT}
    for i in range(1, 29):
        for side in "ab":
            files[f"k{i}{side}/kustomization.yaml"] = (
                f"namePrefix: {side}{i}-\nresources: [../{f'k{i - 1}a' if i > 1 else 'k0'}, "
                f"../{f'k{i - 1}b' if i > 1 else 'k0'}]\n"
            )
    begun = time.monotonic()
    made = tree(files).once(rendered)
    assert time.monotonic() - begun < 60
    assert all("more to build" in gap.message for each in made for gap in each.gaps)
    assert all(each.gaps for each in made)


def test_too_many_levels() -> None:
    files = {f"k{i}/kustomization.yaml": f"resources: [../k{i + 1}]\n" for i in range(50)}
    files["k50/kustomization.yaml"] = "resources: [d.yaml]\n"
    files["k50/d.yaml"] = ACCOUNT
    made = build(files, "k0")
    assert any("levels" in gap.message for gap in made.gaps)


def test_copies_of_copies_are_refused() -> None:
    copies = ", ".join(f"{{op: copy, from: /a, path: /a/b{i}}}" for i in range(40))
    files = {
        "kustomization.yaml": f"resources: [x.yaml]\npatches: [{{target: {{kind: X}}, patch: '[{copies}]'}}]\n",
        "x.yaml": "{apiVersion: x.io/v1, kind: X, metadata: {name: x}, a: {c: d}}\n",
    }
    made = build(files)
    assert any("grow beyond" in gap.message or "nest deeper" in gap.message for gap in made.gaps)


@pytest.mark.parametrize("text", ["(a+)+", "a.*b.*c.*d", "[a", "a{9}", "a?b", "x" * 3 + "("])
def test_expressions_that_are_not_read(text: str) -> None:
    with pytest.raises(Unclear):
        pattern(text)


@pytest.mark.parametrize(
    ("text", "name", "fits"),
    [
        ("app", "app", True),
        ("app", "app-2", False),
        ("app.*", "app-2", True),
        ("^app$", "app", True),
        ("a|b.*", "bc", True),
        ("(a|b)", "b", True),
        (".*-db", "x-db", True),
        ("a.c", "abc", True),
    ],
)
def test_expressions(text: str, name: str, fits: bool) -> None:
    wanted = pattern(text)
    assert wanted is not None
    assert (wanted.fullmatch(name) is not None) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a=b", True),
        ("a==b,c!=x", True),
        ("a in (b, z),!q", True),
        ("a notin (b)", False),
        ("c", True),
        ("q", False),
        ("a!=b", False),
    ],
)
def test_selectors_of_labels(text: str, fits: bool) -> None:
    assert selector(text).matches({"a": "b", "c": "d"}) is fits


def test_a_component_is_no_root_and_flux_is_not_kustomize() -> None:
    files = {
        "c/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n",
        "f/kustomization.yaml": "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {path: ./x}\n",
    }
    assert tree(files).once(rendered) == ()


# strategic merge, for any object

_SCALARS = st.one_of(st.integers(0, 9), st.sampled_from(["a", "b", "c"]), st.booleans())
_KEYS = st.sampled_from(["spec", "metadata", "template", "containers", "x", "y", "labels"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.dictionaries(_KEYS, inner, max_size=3) | st.lists(inner, max_size=3), max_leaves=12
)
_CONTAINERS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abcd"), "image": st.sampled_from("xyz")}),
    max_size=3,
    unique_by=lambda each: each["name"],
)


@st.composite
def _deployments(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {"x": draw(_SCALARS), "template": {"spec": {"containers": draw(_CONTAINERS)}}},
        "other": draw(st.dictionaries(_KEYS, _SCALARS, max_size=3)),
    }


def _node(value: Any) -> Node:
    source, span = Source("x.yaml", ""), Span(1, 1, 1, 1)
    if isinstance(value, dict):
        value = {key: _node(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_node(child) for child in value]
    return Node(value, source, span)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_an_empty_patch_changes_nothing(value: dict[str, Any]) -> None:
    target = _node(value)
    assert merge(target, _node({})) is target


@given(_deployments(), _deployments())
def test_a_patch_twice_is_a_patch_once(value: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge(_node(value), _node(patch))
    assert once is not None
    twice = merge(once, _node(patch))
    assert twice is not None
    assert twice.plain == once.plain


@given(_deployments(), st.dictionaries(st.sampled_from(["other", "new"]), st.dictionaries(_KEYS, _SCALARS), max_size=2))
def test_what_a_patch_does_not_name_stays(value: dict[str, Any], patch: dict[str, Any]) -> None:
    merged = merge(_node(value), _node(patch))
    assert merged is not None
    assert merged["spec"].plain == value["spec"]
    for key, child in value["other"].items():
        if key not in patch.get("other", {}):
            assert merged["other"][key].plain == child


# the real thing

LOCAL: dict[str, dict[str, str]] = {
    "images, replicas and patches": {
        "base/kustomization.yaml": "resources: [d.yaml, sa.yaml]\n",
        "base/d.yaml": DEPLOYMENT,
        "base/sa.yaml": ACCOUNT,
        "kustomization.yaml": """\
            resources: [base]
            namePrefix: p-
            namespace: ns
            images:
            - {name: registry.example.com:5000/team/app, newName: other/app, digest: "sha256:bbbb"}
            - {name: envoy, newTag: "1"}
            replicas: [{name: app, count: 4}]
            labels: [{pairs: {l: v}, includeTemplates: true}, {pairs: {m: w}, includeSelectors: true}]
            commonAnnotations: {note: "yes"}
            patches:
            - target: {kind: Deployment}
              patch: |-
                - {op: add, path: /metadata/annotations/x, value: z}
                - {op: replace, path: /spec/template/spec/containers/1/name, value: z}
            - patch: |-
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: app}
                spec: {template: {spec: {containers: [{name: app, env: [{name: A, $patch: delete}]}]}}}
            """,
    },
    "generators": {
        "kustomization.yaml": """\
            resources: [d.yaml]
            configMapGenerator: [{name: settings, literals: ["a=<&>", "b=\\"q\\""], files: [f.txt], envs: [e.env]}]
            secretGenerator: [{name: s, files: [f.txt], literals: [long=%s]}]
            """
        % ("x" * 100),
        "d.yaml": DEPLOYMENT,
        "f.txt": "hällo\n\tthere\n",
        "e.env": "X=1\n#c\n Y=2\n",
    },
    "ports": {
        "kustomization.yaml": """\
            resources: [s.yaml]
            patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [
              {port: 53, protocol: UDP, name: x}, {port: 80, name: web2}, {port: 81}]}}'}]
            """,
        "s.yaml": """\
            apiVersion: v1
            kind: Service
            metadata: {name: s}
            spec: {ports: [{port: 80, name: web}, {port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}
            """,
    },
    "a port whose protocol only one side names": {
        "kustomization.yaml": """\
            resources: [s.yaml]
            patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [
              {port: 80, protocol: TCP, name: x}]}}'}]
            """,
        "s.yaml": """\
            {apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80, name: web}, {port: 1}]}}
            """,
    },
}


def _tool() -> list[str] | None:
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


@pytest.mark.parametrize("case", LOCAL)
def test_as_kustomize_itself(case: str, tmp_path: Path) -> None:
    tool = _tool()
    if tool is None:
        pytest.skip("neither kustomize nor kubectl is here")
    for path, text in LOCAL[case].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(textwrap.dedent(text), encoding="utf-8")
    ran = subprocess.run([*tool, str(tmp_path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    wanted = [plain(node) for node in yaml.parse(Source("out.yaml", ran.stdout)).nodes]
    made = build(LOCAL[case])
    assert not made.gaps
    found = [plain(node) for node in made.objects]
    key = lambda each: (each["kind"], each["metadata"]["name"])  # noqa: E731
    assert sorted(found, key=key) == sorted(wanted, key=key)
