"""Links between artifacts: each rung of the ladder, what is ambiguous, and who makes a Secret."""

from __future__ import annotations

import pytest

from gatekeeper import engine, waivers
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.links import (
    Rung,
    containers_of,
    dockerfile_of,
    elsewhere,
    pods_of,
    producers_of,
    services_of,
    unsettled,
)
from gatekeeper.models.docker import Dockerfile
from gatekeeper.models.kubernetes import Container, Service, Workload
from gatekeeper.node import Unresolved
from gatekeeper.project import Project
from gatekeeper.testing import project_of

FROM = "FROM alpine:3.20 AS build\nFROM alpine:3.20\n"


def workload(name: str, image: str, labels: str = "{}", kind: str = "Deployment") -> str:
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  template:\n"
        f"    metadata: {{labels: {labels}}}\n    spec: {{containers: [{{name: {name}, image: '{image}'}}]}}\n"
    )


def service(name: str, selector: str) -> str:
    spec = f"{{selector: {selector}, ports: [{{port: 80}}]}}"
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def project(**files: str) -> Project:
    return project_of(files.items())


COMPOSE = "services:\n  web:\n    image: acme/web:dev\n    build: {context: ./src/site, target: build}\n"
SKAFFOLD = "apiVersion: skaffold/v4beta1\nkind: Config\nbuild: {artifacts: [{image: web, context: src/site}]}\n"
JIB = "apiVersion: skaffold/v4beta1\nkind: Config\nbuild: {artifacts: [{image: web, context: web, jib: {}}]}\n"
WORKFLOW = """\
jobs:
  build:
    steps:
      - uses: docker/build-push-action@v6
        with: {context: src/site, tags: "ghcr.io/${{ github.repository_owner }}/web:${{ github.sha }}"}
"""

METADATA = """\
jobs:
  build:
    steps:
      - {id: meta, uses: docker/metadata-action@v5, with: {images: ghcr.io/acme/web}}
      - {uses: docker/build-push-action@v6, with: {file: src/site/Dockerfile, tags: "${{ steps.meta.outputs.tags }}"}}
"""

LADDER = [
    ("acme/web:1.0.0", {"compose.yaml": COMPOSE, "src/site/Dockerfile": FROM}, "compose", "src/site/Dockerfile:build"),
    ("gcr.io/x/web:1", {"skaffold.yaml": SKAFFOLD, "src/site/Dockerfile": FROM}, "skaffold", "src/site/Dockerfile:1"),
    ("ghcr.io/acme/web@sha256:0", {".github/workflows/b.yml": WORKFLOW, "src/site/Dockerfile": FROM}, "workflow",
     "src/site/Dockerfile:1"),
    ("ghcr.io/acme/web:1", {".github/workflows/b.yml": METADATA, "src/site/Dockerfile": FROM}, "workflow",
     "src/site/Dockerfile:1"),
    ("registry:5000/acme/web", {"apps/web/Dockerfile": FROM}, "exact", "apps/web/Dockerfile:1"),
    ("acme/web:1", {"web/src/Dockerfile": FROM}, "exact", "web/src/Dockerfile:1"),
    ("acme/web:1", {"docker/web.Dockerfile": FROM, "docker/db.Dockerfile": FROM}, "exact", "docker/web.Dockerfile:1"),
    ("acme/web:1", {"web/Dockerfile": FROM, "web/Dockerfile.debug": FROM}, "exact", "web/Dockerfile:1"),
    ("acme/shop-web:1", {"web/Dockerfile": FROM}, "suffix", "web/Dockerfile:1"),
    ("acme/shop_web:1", {"web/Dockerfile": FROM}, "suffix", "web/Dockerfile:1"),
    ("web:latest", {"Dockerfile": FROM}, "only", "Dockerfile:1"),
    ("web:latest", {"gatekeeper.yaml": "service: {name: web}\n", "Dockerfile": FROM}, "only", "Dockerfile:1"),
]  # fmt: skip

UNLINKED = [
    ("acme/web:1", {"a/web/Dockerfile": FROM, "b/web/Dockerfile": FROM}),  # two of one name
    ("acme/web:1", {"web/Dockerfile": FROM, "skaffold.yaml": JIB}),  # built without a Dockerfile
    ("acme/web:1", {"web/Dockerfile": "FROM acme/web:0\n"}),  # builds something else from that very image
    ("redis:7", {"redis/Dockerfile": FROM}),  # a well-known public image
    ("acme/other:1", {"Dockerfile": FROM}),  # named otherwise than its workload
    ("acme/webserver:1", {"web/Dockerfile": FROM}),  # no word of its own
    ("web:1", {"Dockerfile": FROM, "tools/Dockerfile": FROM}),  # which of the two
]


@pytest.mark.parametrize(("image", "files", "rung", "stage"), LADDER)
def test_the_ladder_from_an_image_to_its_dockerfile(image: str, files: dict[str, str], rung: str, stage: str) -> None:
    found = project(**{"k8s/web.yaml": workload("web", image)}, **files)
    container = found.all(Container)[0]
    link = dockerfile_of(container, found)
    assert link
    assert (link.rung, link.stage.name, link.certain) == (rung, stage, rung != "suffix")
    assert containers_of(link.dockerfile, found) == [container]


@pytest.mark.parametrize(("image", "files"), UNLINKED)
def test_what_is_not_certain_is_no_link(image: str, files: dict[str, str]) -> None:
    found = project(**{"k8s/web.yaml": workload("web", image)}, **files)
    assert dockerfile_of(found.all(Container)[0], found) is None
    assert not any(containers_of(dockerfile, found) for dockerfile in found.all(Dockerfile))


def test_an_image_that_is_filled_in_later_is_not_linked() -> None:
    found = project(**{"k8s/web.yaml": workload("web", "${IMAGE}"), "web/Dockerfile": FROM})
    with pytest.raises(Unresolved):
        dockerfile_of(found.all(Container)[0], found)
    assert not containers_of(found.all(Dockerfile)[0], found)


def test_the_nearest_pods_are_meant() -> None:
    found = project(
        **{
            "a/all.yaml": service("one", "{app: x}") + "---\n" + workload("same-file", "i", "{app: x}"),
            "a/more.yaml": workload("same-folder", "i", "{app: x}"),
            "b/svc.yaml": service("two", "{app: x}"),
            "b/dep.yaml": workload("neighbour", "i", "{app: x, tier: web}"),
            "c/svc.yaml": service("three", "{app: x, tier: web}"),
            "d/svc.yaml": service("none", "{app: y}"),
            "d/other.yaml": service("external", "{}"),
        }
    )
    chosen = {each.object_name: pods_of(each, found) for each in found.all(Service)}
    names = {name: [each.object_name for each in selection.workloads] for name, selection in chosen.items()}
    assert names == {"one": ["same-file"], "two": ["neighbour"], "three": ["neighbour"], "none": [], "external": []}
    assert [chosen[name].rung for name in ("one", "two", "three", "none")] == [
        Rung.FILE,
        Rung.DIRECTORY,
        Rung.REPOSITORY,
        None,
    ]
    neighbour = next(each for each in found.all(Workload) if each.object_name == "neighbour")
    assert [each.object_name for each in services_of(neighbour, found)] == ["two", "three"]


def test_namespaces_part_what_labels_join() -> None:
    spaced = workload("web", "i", "{app: x}").replace("{name: web}", "{name: web, namespace: b}", 1)
    near = service("web", "{app: x}").replace("{name: web}", "{name: web, namespace: a}", 1)
    found = project(**{"a.yaml": near, "b.yaml": spaced})
    assert not pods_of(found.all(Service)[0], found).workloads


KUSTOMIZED = {
    "base/app.yaml": workload("app", "app"),
    "base/kustomization.yaml": "resources: [app.yaml]\n",
    "parts/probes/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    "patches: [{path: p.yaml, target: {kind: Deployment, name: a.*}}]\n",
    "parts/probes/p.yaml": "- {op: add, path: /spec/template/spec/containers/0/livenessProbe, value: {}}\n",
    "prod/kustomization.yaml": "resources: [../base]\ncomponents: [../parts/probes]\n"
    "images: [{name: app, newTag: '1'}]\n",
}


def test_objects_are_what_each_kustomization_builds() -> None:
    found = project(**KUSTOMIZED, **{"dev/kustomization.yaml": "resources: [../base]\n"})
    built = {
        each.variant: (each.image.text, each.image.source.path, each.node["livenessProbe"].source.path)
        for each in found.all(Container)
    }
    assert built == {
        "prod": ("app:1", "prod/kustomization.yaml", "parts/probes/p.yaml"),
        "dev": ("app", "base/app.yaml", "base/app.yaml"),
    }
    assert not any(unsettled(each, found) for each in found.all(Container))


def test_what_one_build_alone_lacks_is_found_and_says_where() -> None:
    found = project(**KUSTOMIZED, **{"dev/kustomization.yaml": "resources: [../base]\n"})
    asked = ("k8s-image-tag", "k8s-cpu-request")
    rules = [rule for rule in Catalogue([home()]).rules({"kubernetes"}) if rule.id in asked]
    _, reported = waivers.settle(engine.run(rules, found), found, [])
    tag, cpu = sorted(reported, key=lambda each: -asked.index(each.rule.id), reverse=True)
    assert [note.message for note in tag.finding.see] == ["not everywhere: as dev builds it"]
    assert not cpu.finding.see
    assert (len(tag.subjects), len(cpu.subjects)) == (1, 2)


def test_what_cannot_be_followed_leaves_what_it_may_change_open() -> None:
    remote = {"far/kustomization.yaml": "resources: [../base, 'https://example.org/more?ref=v1']\n"}
    found = project(
        **KUSTOMIZED, **remote, **{"odd/kustomization.yaml": "resources: [../base]\ntransformers: [t.yaml]\n"}
    )
    still = {each.variant: unsettled(each, found) for each in found.all(Container)}
    assert still["prod"] is still["far"] is None
    assert still["odd"]
    assert still["odd"].path == "odd/kustomization.yaml"
    assert sorted((fault.source.path, fault.reason) for fault in found.faults) == [
        ("far/kustomization.yaml", "template-unrendered"),
        ("odd/kustomization.yaml", "template-unrendered"),
    ]


def made(kind: str, rest: str) -> dict[str, str]:
    return {"k8s/s.yaml": f"apiVersion: example.io/v1\nkind: {kind}\nmetadata: {{name: other}}\n{rest}\n"}


@pytest.mark.parametrize(
    "files",
    [
        {"k8s/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n"},
        {"k8s/s.yaml": "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\n"},
        made("ExternalSecret", "spec: {target: {name: db}}"),
        made("SealedSecret", "spec: {template: {metadata: {name: db}}}"),
        made("Certificate", "spec: {secretName: db}"),
        made("SecretProviderClass", "spec: {secretObjects: [{secretName: db}]}"),
        made("Bucket", "spec: {writeConnectionSecretToRef: {name: db}}"),
        {"kustomization.yaml": "secretGenerator: [{name: db}]\n"},
        {"main.tf": 'resource "kubernetes_secret" "db" {\n  metadata { name = "db" }\n}\n'},
        {"README.md": "```\nkubectl create secret -n $NS generic db --from-literal=a=b\n```\n"},
        {"deploy.sh": "kubectl --context x create secret generic \\\n  --from-file=a=b \\\n  db\n"},
        {".github/workflows/d.yml": "jobs: {d: {steps: [{run: 'kubectl create secret tls db --cert=a'}]}}\n"},
    ],
)
def test_who_makes_a_secret(files: dict[str, str]) -> None:
    found = project(**files)
    assert producers_of("db", "", found)
    assert not producers_of("d", "", found)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.yaml": workload("a", "i")}, ""),
        ({"c/Chart.yaml": "name: c\n", "c/templates/a.yaml": "{{ if .Values.x }}\n"}, "not rendered"),
        (
            {"kustomization.yaml": "resources: ['https://example.org/base?ref=v1']\n"},
            "https://example.org/base?ref=v1 is",
        ),
        (made("HelmRelease", ""), "deploys from elsewhere"),
        (made("Prometheus", ""), "an operator makes"),
        ({"README.md": "    helm install exporter charts/exporter\n"}, "installs a chart"),
    ],
)
def test_what_comes_from_elsewhere(files: dict[str, str], words: str) -> None:
    answer = elsewhere(project(**files))
    assert words in answer
    assert bool(words) == bool(answer)
