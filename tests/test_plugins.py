"""Which model reads a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatekeeper.hookspecs import hookimpl
from gatekeeper.models import Subject
from gatekeeper.models.docs import Document
from gatekeeper.node import START, Fault, Node, Source
from gatekeeper.plugins import NoSuchPlugin, manager, models_of
from gatekeeper.project import Project
from gatekeeper.testing import project_of


@pytest.mark.parametrize(
    ("paths", "models"),
    [
        ("Dockerfile a/Containerfile app.dockerfile Dockerfile.prod Dockerfile-dev api_Dockerfile", "docker"),
        (
            "main.tf a/x.tofu x.tf.json prod.auto.tfvars .terraform.lock.hcl terraform.tfstate.backup s3.tfbackend",
            "terraform",
        ),
        (
            ".github/workflows/ci.yml sub/.github/workflows/.x.yaml .gitlab-ci.yml Jenkinsfile Jenkinsfile.groovy",
            "pipeline",
        ),
        (".circleci/config.yml azure-pipelines.yml", "pipeline"),
        ("k8s/a.yaml values.yml .github/dependabot.yml chart/templates/x.yaml", "kubernetes prometheus"),
        ("README.md docs/x.markdown", "docs"),
        ("package.json deploy.yaml.j2", "kubernetes"),
        ("alerts.rules", "prometheus"),
        ("photo.jpg main.py dockerfiles.txt mydockerfile", ""),
    ],
)
def test_models_by_path(paths: str, models: str) -> None:
    for path in paths.split():
        assert " ".join(models_of(path)) == models, path


def test_a_plugin_that_is_not_installed() -> None:
    with pytest.raises(NoSuchPlugin, match="no plugin 'x'"):
        manager(["x"])


class Release(Subject):
    """Something that stands in no file: what another system says."""

    technology = "releases"


class Collecting:
    @hookimpl
    def gatekeeper_collect(self, project: Project) -> Iterator[Subject | Fault]:
        documents = len(project.all(Document))
        yield Release(Node(documents, Source("releases.example.com", ""), START))
        yield Fault(Source("releases.example.com", ""), START, "the second page did not answer", technology="releases")


class Failing:
    @hookimpl
    def gatekeeper_collect(self, project: Project) -> Iterator[Subject]:
        yield Release(Node(None, Source("a", ""), START))
        raise OSError("no network")


def test_a_plugin_collects_what_stands_in_no_file() -> None:
    plugins = manager()
    plugins.register(Collecting())
    project = project_of([("README.md", "# One\n")], plugins.hook)
    assert [release.node for release in project.all(Release)] == [1]
    assert [document.path for document in project.all(Document)] == ["README.md"]
    assert [fault.technology for fault in project.faults] == ["releases"]


def test_a_plugin_that_fails_to_collect_proves_nothing_and_hides_nothing() -> None:
    plugins = manager()
    plugins.register(Failing())
    project = project_of([("README.md", "# One\n")], plugins.hook)
    assert project.all(Document)
    [fault] = project.faults
    assert (fault.reason, "no network" in fault.message) == ("tool-error", True)
