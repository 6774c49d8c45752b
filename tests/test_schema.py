"""Kubernetes' schema: the pinned version, what is held against an object, custom schemas, how the file is made."""

from __future__ import annotations

import importlib.util
import json
import lzma
import re
from pathlib import Path
from types import ModuleType

import pytest

from gatekeeper.links.schemas import custom, mistaken
from gatekeeper.models.kubernetes.api_versions import _retired, minor, release, retired
from gatekeeper.models.kubernetes.objects import Object
from gatekeeper.models.kubernetes.schema import (
    MOST,
    PINNED,
    Wrong,
    builtin,
    custom_shape,
    declared,
    is_fragment,
    wrong,
)
from gatekeeper.node import Node, Source
from gatekeeper.parsers import yaml
from gatekeeper.testing import project_of

ROOT = Path(__file__).parent.parent


def parsed(text: str, path: str = "a.yaml") -> Node:
    return yaml.parse(Source(path, text)).nodes[0]


def told(text: str, path: str = "a.yaml") -> list[str]:
    node = parsed(text, path)
    shape = builtin().kinds[f"{node['apiVersion'].text} {node['kind'].text}"]
    return [each.message for each in wrong(node, shape)]


def pod(container: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      {container}\n"


def test_the_pinned_version_names_its_source_and_licence() -> None:
    assert builtin().source.startswith(f"k8s.io/kubernetes v{PINNED}.")
    assert "Apache-2.0" in builtin().source
    assert builtin().versions["apps"] == ("v1",)
    assert not any(kind.endswith(("List", "Options")) for kind in builtin().kinds)


def test_what_the_api_takes_is_taken() -> None:
    assert told(pod("ports: [{containerPort: 80}]\n      resources: {limits: {cpu: 1, memory: 1e9, gpu: 0.5}}")) == []
    assert told(pod("env: null\n      livenessProbe: {httpGet: {port: http}}\n      imagePullPolicy: ''")) == []
    assert told(pod("readinessProbe: {httpGet: {port: 8080}}") + "status: {containerStatuses: [{ready: true}]}\n") == []


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ("image: [a]", "spec.containers[0].image: expected a string, this is a list"),
        ("ports: {containerPort: 80}", "spec.containers[0].ports: expected a list, this is a mapping"),
        ("ports: [{containerPort: '80'}]", "expected a whole number, this is a string"),
        ("ports: [{containerPort: 80.5}]", "expected a whole number, this has a fraction"),
        ("ports: [{containerPort: 99999999999}]", "this number is too large for int32"),
        ("ports: [{containerPort: 80, protocol: tcp}]", "'tcp' is not allowed here; did you mean TCP?"),
        ("ports: [{protocol: TCP}]", "spec.containers[0].ports[0].containerPort is missing"),
        ("tty: 'true'", "spec.containers[0].tty: expected true or false, this is a string"),
        ("livenessProbe: {httpGet: {port: true}}", "expected a whole number or a string, this is a boolean"),
        ("env: [{name: A, value: 1}]", "spec.containers[0].env[0].value: expected a string, this is a number"),
        ("env: [{name: A, value: on}]", "without quotes the API's YAML reads this as a boolean"),
        ("env: [{name: A, value: 1_000}]", "without quotes the API's YAML reads this as a number"),
        ("resources: {limits: {cpu: 100mm}}", "expected a quantity (250m, 1Gi), this is '100mm'"),
        ("imagePullPolcy: Always", "no field 'imagePullPolcy' in spec.containers[0]; did you mean imagePullPolicy?"),
    ],
)
def test_what_the_api_refuses_is_told(container: str, words: str) -> None:
    (message,) = told(pod(container))
    assert words in message


def test_a_boolean_may_be_a_word_of_yaml_1_1() -> None:
    assert told(pod("tty: yes")) == []
    assert len(told(pod("tty: 'yes'"))) == 1
    secret = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"a": "yes"}}'
    assert told(secret, "a.json") == []  # JSON has quotes


def test_values_that_are_not_known_are_held_against_nobody() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n"
    assert told(secret + "  a: ${TOKEN}\n  b: <path:secret#key>\n  c: ENC[AES256_GCM,data:eA==]\n") == []
    assert told(secret + "  a: not base64!\n") == ["data.a: expected base64"]
    assert told(pod("ports: [{containerPort: '${PORT}'}]")) == []


def test_a_secret_is_never_printed() -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: hunter2!, b: 4711}\nstringData: {c: 4711}\n"
    assert len(told(text)) == 3
    assert not any("4711" in message or "hunter2" in message for message in told(text))


def test_a_name_is_required_but_for_questions() -> None:
    assert told("apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {}}\n") == ["metadata.name is missing"]
    assert told("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n") == []
    assert told("apiVersion: authentication.k8s.io/v1\nkind: TokenReview\nspec: {token: a}\n") == []


def test_the_number_of_faults_is_bounded() -> None:
    fields = "".join(f"f{number}: 1\n" for number in range(1000))
    assert len(told(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{fields}")) == MOST


def test_deep_nesting_ends() -> None:
    deep = "{properties: {a: " * 45 + "{typ: string}" + "}}" * 45
    text = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b}\n"
        "spec: {group: b, scope: Cluster, names: {kind: A, plural: a}, versions: "
        f"[{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {deep}}}}}]}}\n"
    )
    (message,) = told(text)
    assert message.endswith("did you mean type?")


def test_patches_are_known_by_their_directives() -> None:
    assert is_fragment(parsed("apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, $patch: delete}]}\n"))
    assert not is_fragment(parsed("apiVersion: v1\nkind: ConfigMap\ndata: {a: '$patch'}\n"))


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: backups.acme.io}
spec:
  group: acme.io
  scope: Namespaced
  names: {kind: Backup, plural: backups}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [schedule, keep, owner]
              properties:
                schedule: {type: string}
                keep: {type: integer, default: 3}
                owner: {type: string, nullable: true}
                port: {x-kubernetes-int-or-string: true}
                mode: {type: string, enum: [full, diff]}
                labels: {type: object, additionalProperties: {type: string}}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: integer}}}
                anything: {type: object}
                pod: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
"""


def of_backup(spec: str) -> list[Wrong]:
    ((_, schema),) = declared(parsed(CRD))
    text = f"apiVersion: acme.io/v1\nkind: Backup\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
    return wrong(parsed(text), custom_shape(schema, closed=True))


def test_custom_resources_that_fit() -> None:
    assert of_backup("schedule: a, owner: null, port: http, mode: full, labels: {a: b}") == []
    assert (
        of_backup("schedule: a, owner: b, free: {a: 1, b: {c: 2}}, anything: {a: [1]}, pod: {metadata: {name: x}}")
        == []
    )


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("owner: a", "spec.schedule is missing"),
        ("schedule: a", "spec.owner is missing"),
        ("schedule: 1, owner: a", "spec.schedule: expected a string, this is a number"),
        ("schedule: a, owner: b, mode: Full", "did you mean full?"),
        ("schedule: a, owner: b, labels: {a: 1}", "spec.labels.a: expected a string"),
        ("schedule: a, owner: b, free: {a: x}", "spec.free.a: expected a whole number"),
        ("schedule: a, owner: b, retain: 1", "there is no field 'retain' in spec"),
        ("schedule: a, owner: b, pod: {metadata: {lables: {}}}", "did you mean labels?"),
    ],
)
def test_custom_resources_that_do_not(spec: str, words: str) -> None:
    (fault,) = of_backup(spec)
    assert words in fault.message


def test_schemas_that_the_settings_name() -> None:
    described = {"properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    files = (
        ("gatekeeper.yaml", "kubernetes: {schemas: [schemas, nowhere, empty.yaml]}\n"),
        ("schemas/backup.yaml", CRD),
        ("schemas/acme.io/disk_v1.json", json.dumps(described)),
        ("empty.yaml", "a: 1\n"),
    )
    found = custom(project_of(files))
    assert set(found.schemas) == {"acme.io/v1 backup", "acme.io/v1 disk"}
    assert found.broken == ("nowhere: there is no such file or folder", "empty.yaml: no schema is in it")


@pytest.mark.parametrize(
    ("version", "kind", "words"),
    [
        ("v1", "Deployment", "Deployment is of apps/v1, not of v1"),
        ("apps/v1", "Deploymnt", "did you mean Deployment?"),
        ("v1", "Configmap", "did you mean ConfigMap?"),
        ("apps/v1", "Thing", "apps/v1 has no kind Thing"),
        ("v1", "Config", ""),  # other tools' files say v1 too
        ("v1", "List", ""),
        ("extensions/v1beta1", "Ingress", ""),
        ("acme.io/v1", "Deployment", ""),
    ],
)
def test_kinds_that_are_not_there(version: str, kind: str, words: str) -> None:
    found = mistaken(Object(parsed(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n")))
    assert words in found if words else not found


def test_the_table_of_retired_versions_agrees_with_the_schema() -> None:
    for (version, kind), what in _retired().items():
        assert not what.removed or what.deprecated < what.removed
        gone = what.removed and what.removed <= minor(PINNED)
        assert (f"{version} {kind}" in builtin().kinds) is not bool(gone) or kind == "ComponentStatus", (version, kind)
        if what.instead:
            instead = what.instead if " " in what.instead else f"{what.instead} {kind}"
            assert instead in builtin().kinds, (version, kind)
    assert retired("apps/v1", "Deployment") is None
    assert release(25) == "1.25 (2022-08)"
    assert release(99) == "1.99"


# How the file is made


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_schema", ROOT / "scripts" / "make_kubernetes_schema.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TYPES = """\
// Policy says when.
// +enum
type Policy string

const (
\tAlways Policy = "Always"
\tNever         = Policy("Never")
)

type Spec struct {
\t// when
\tPolicy Policy `json:"policy,omitempty"`
\tShared        `json:",inline"`
}

type Shared struct {
\tOther *Policy `json:"other"`
}
"""


def test_the_file_is_made_the_same_every_time(tmp_path: Path) -> None:
    (tmp_path / "acme" / "v1").mkdir(parents=True)
    (tmp_path / "acme" / "v1" / "types.go").write_text(TYPES)
    make = generator()
    values = make.enums(tmp_path)
    assert values["io.k8s.api.acme.v1.Spec", "policy"] == ["Always", "Never"]
    assert values["io.k8s.api.acme.v1.Spec", "other"] == ["Always", "Never"]
    meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    kind = {"group": "acme", "version": "v1", "kind": "Thing"}
    string = {"type": "string", "description": "left out"}
    document = {
        "paths": {"/things": {"post": {"x-kubernetes-group-version-kind": kind}}},
        "definitions": {
            meta: {"properties": {"name": string}},
            "io.k8s.api.acme.v1.Spec": {
                "properties": {"policy": string, "inner": {"$ref": "#/definitions/io.k8s.api.acme.v1.Spec"}},
                "required": ["policy"],
            },
            "io.k8s.api.acme.v1.Thing": {
                "properties": {
                    "metadata": {"$ref": f"#/definitions/{meta}"},
                    "spec": {"$ref": "#/definitions/io.k8s.api.acme.v1.Spec"},
                },
                "x-kubernetes-group-version-kind": [kind],
            },
        },
    }
    packed = make.make("1.2.3", document, values)
    assert packed == make.make("1.2.3", document, values)
    data = json.loads(lzma.decompress(packed))
    assert data["kinds"] == {"acme/v1 Thing": data["kinds"]["acme/v1 Thing"]}
    assert "left out" not in json.dumps(data)
    spec = data["shapes"][data["shapes"][data["kinds"]["acme/v1 Thing"]]["p"]["spec"]]
    assert data["shapes"][spec["p"]["policy"]] == {"t": "string", "e": ["Always", "Never"]}
    assert data["shapes"][spec["p"]["inner"]] == spec
    assert spec["r"] == ["policy"]


def test_the_pages_name_the_pinned_version() -> None:
    for name in ("schema", "api_version"):
        text = (ROOT / "rules" / "kubernetes" / f"{name}.py").read_text("utf-8")
        assert re.search(rf"\b{re.escape(PINNED)}\b", text)
