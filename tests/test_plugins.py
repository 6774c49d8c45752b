"""Which model reads a file."""

from __future__ import annotations

import pytest

from gatekeeper.plugins import NoSuchPlugin, manager, models_of


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
