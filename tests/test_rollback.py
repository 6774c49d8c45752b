"""Ways back from a deployment, what looks at one, and what is deployed by hand: over every tool that is read."""

from __future__ import annotations

import pytest

from gatekeeper.links.by_hand import brought_by, from_laptop
from gatekeeper.links.chosen_versions import REFS, chosen_version
from gatekeeper.links.pipelines import entries
from gatekeeper.links.ran import ran
from gatekeeper.links.rollback import rolls_out, ways_back
from gatekeeper.links.rollback_doubts import doubt_about
from gatekeeper.links.schema_changes import undo_of
from gatekeeper.links.verified import checks_after, unwaited
from gatekeeper.links.ways_of_tools import called, deployments
from gatekeeper.links.written_ways import written_ways
from gatekeeper.models.docs import Document
from gatekeeper.models.pipeline import Job
from gatekeeper.project import Project
from gatekeeper.testing import project_of

CI = ".github/workflows/ci.yml"
APP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template: {spec: {containers: [{name: app, image: "shop:1.2.0"}]}}
"""


def workflow(steps: str, on: str = "{push: {branches: [main]}}", more: str = "") -> str:
    """A workflow with one job that deploys to production."""
    body = "\n".join(f"      {line}" for line in steps.strip("\n").splitlines())
    return (
        f"name: Deploy\non: {on}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    environment: production\n"
        f"    steps:\n{body}\n{more}"
    )


def job_of(project: Project, name: str = "deploy") -> Job:
    return next(job for pipeline in entries(project) for job in pipeline.all_jobs if job.id == name)


def ways(*files: tuple[str, str]) -> list[tuple[str, bool]]:
    project = project_of(files)
    return [(way.by, way.certain) for way in ways_back(job_of(project), project)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("- run: helm upgrade --install shop ./chart --atomic", [("itself", True)]),
        ("- run: helm upgrade --install shop ./chart --rollback-on-failure", [("itself", True)]),
        ("- run: helm upgrade --install shop ./chart --wait", []),
        ("- run: helm upgrade shop ./chart || helm rollback shop", [("itself", True)]),
        ("- run: |\n    if ! helm upgrade shop ./chart; then\n      helm rollback shop\n    fi", [("itself", True)]),
        ("- run: helm rollback other\n- run: helm upgrade shop ./chart", []),
        ("- run: helm upgrade shop ./chart\n- run: helm rollback shop", []),
        ("- run: helm upgrade shop ./chart\n- if: failure()\n  run: helm rollback shop", [("itself", True)]),
        ("- run: helm upgrade shop ./chart\n- if: success()\n  run: helm rollback shop", []),
        ("- run: cf push\n- name: Rollback\n  if: failure()\n  uses: acme/back@v1", [("itself", False)]),
        ("- run: aws deploy create-deployment --auto-rollback-configuration enabled=true,events=DEPLOYMENT_FAILURE",
         [("itself", True)]),
        ("- run: docker service update --update-failure-action rollback --image shop:1 shop", [("itself", True)]),
        ("- run: gcloud run deploy shop --image shop:1 --no-traffic", [("strategy", True)]),
    ],
)  # fmt: skip
def test_by_itself(steps: str, expected: list[tuple[str, bool]]) -> None:
    assert ways((CI, workflow(steps))) == expected


def test_in_a_script_of_the_repository() -> None:
    script = "#!/bin/bash\nkubectl apply -f k8s/\nkubectl wait deploy/shop || kubectl rollout undo deploy/shop\n"
    assert ways((CI, workflow("- run: ./deploy.sh")), ("deploy.sh", script)) == [("itself", True)]
    makefile = "deploy:\n\tkubectl apply -f k8s/ || kubectl rollout undo deploy/shop\n"
    assert ways((CI, workflow("- run: make deploy")), ("Makefile", makefile)) == [("itself", True)]


def test_in_an_action_of_the_repository() -> None:
    action = (
        "name: deploy\nruns:\n  using: composite\n  steps:\n    - shell: bash\n"
        "      run: helm upgrade --install shop ./chart --atomic\n"
    )
    files = ((CI, workflow("- uses: ./.github/actions/deploy")), (".github/actions/deploy/action.yml", action))
    assert ways(*files) == [("itself", True)]


@pytest.mark.parametrize("condition", ["failure()", "${{ failure() }}", "always() && needs.deploy.result == 'failure'"])
def test_a_later_job(condition: str) -> None:
    later = f"  back:\n    needs: deploy\n    if: {condition}\n    steps:\n      - run: helm rollback shop\n"
    assert ways((CI, workflow("- run: helm upgrade shop ./chart", more=later))) == [("itself", True)]


def test_a_later_job_that_runs_when_all_went_well_is_no_way_back() -> None:
    later = "  back:\n    needs: deploy\n    runs-on: x\n    steps:\n      - run: helm rollback shop\n"
    assert ways((CI, workflow("- run: helm upgrade shop ./chart", more=later))) == []


@pytest.mark.parametrize(
    ("inputs", "steps", "certain"),
    [
        ("tag: {}", "- run: helm upgrade shop ./chart --set image.tag=${{ inputs.tag }}", True),
        ("tag: {}", "- run: helm upgrade shop ./chart --set image.tag=${{ github.event.inputs.tag }}", True),
        ("version: {}", "- uses: actions/checkout@v4\n  with: {ref: '${{ inputs.version }}'}\n- run: cf push", True),
        ("version: {}", "- run: git checkout ${{ inputs.version }}\n- run: cf push", True),
        ("version: {}", "- env: {V: '${{ inputs.version }}'}\n  run: helm upgrade shop ./chart --version $V", True),
        ("tag: {}", "- id: x\n  run: echo t=${{ inputs.tag }} >> $GITHUB_OUTPUT\n"
                    "- run: helm upgrade shop ./chart --set tag=${{ steps.x.outputs.t }}", True),
        ("tag: {}", "- run: echo ${{ inputs.tag }}\n- run: helm upgrade shop ./chart", False),
        ("tag: {}", "- run: helm upgrade shop ./chart --set x=${{ inputs.tags }}", None),
        ("tag: {type: boolean}", "- run: helm upgrade shop ./chart --set x=${{ inputs.tag }}", None),
        ("version: {type: choice, options: [major, minor]}", "- run: cf push ${{ inputs.version }}", None),
        ("node_version: {}", "- run: cf push ${{ inputs.node_version }}", None),
        ("environment: {}", "- run: cf push ${{ inputs.environment }}", None),
    ],
)  # fmt: skip
def test_a_version_that_is_chosen(inputs: str, steps: str, certain: bool | None) -> None:
    project = project_of([(CI, workflow(steps, on=f"{{workflow_dispatch: {{inputs: {{{inputs}}}}}}}"))])
    chosen = chosen_version(job_of(project), project)
    assert (chosen.certain if chosen else None) == certain


def test_a_version_handed_to_a_reusable_workflow() -> None:
    caller = (
        "on: {workflow_dispatch: {inputs: {tag: {}}}}\njobs:\n  production:\n    uses: ./.github/workflows/deploy.yml\n"
        "    with: {image-tag: '${{ inputs.tag }}', environment: production}\n"
    )
    called_ = (
        "on: {workflow_call: {inputs: {image-tag: {type: string}, environment: {type: string}}}}\njobs:\n  deploy:\n"
        "    runs-on: x\n    environment: ${{ inputs.environment }}\n    steps:\n"
        "      - run: helm upgrade shop ./chart --set image.tag=${{ inputs.image-tag }}\n"
    )
    project = project_of([(CI, caller), (".github/workflows/deploy.yml", called_)])
    chosen = chosen_version(job_of(project), project)
    assert chosen is not None
    assert chosen.certain


def test_branches_are_asked_for_by_name() -> None:
    steps = "- uses: actions/checkout@v4\n  with: {ref: '${{ inputs.branch }}'}\n- run: cf push"
    project = project_of([(CI, workflow(steps, on="{workflow_dispatch: {inputs: {branch: {}}}}"))])
    assert chosen_version(job_of(project), project) is None
    assert chosen_version(job_of(project), project, REFS) is not None


BREAKER = """
resource "aws_ecs_service" "{0}" {{
  deployment_circuit_breaker {{
    enable   = true
    rollback = {1}
  }}
}}
"""


@pytest.mark.parametrize(
    ("terraform", "expected"),
    [
        (BREAKER.format("a", "true"), [("itself", True)]),
        (BREAKER.format("a", "false"), []),
        (BREAKER.format("a", "true") + BREAKER.format("b", "false"), [("itself", False)]),
        ("variable \"back\" {}\n" + BREAKER.format("a", "var.back"), [("itself", False)]),
    ],
)  # fmt: skip
def test_every_service_must_go_back(terraform: str, expected: list[tuple[str, bool]]) -> None:
    steps = "- run: aws ecs update-service --cluster c --service s --task-definition s:1"
    assert ways((CI, workflow(steps)), ("main.tf", terraform)) == expected


def test_what_is_declared_for_another_tool_is_no_way_back() -> None:
    assert ways((CI, workflow("- run: kubectl apply -f k8s/")), ("main.tf", BREAKER.format("a", "true"))) == []


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("docs/runbooks/deploy.md", "# Deploying\n## Rollback\n`helm rollback shop`\n", ["helm"]),
        ("docs/runbooks/deploy.md", "# Deploying\n## Rollback\n```\ngit revert HEAD\n```\n", ["git"]),
        ("docs/runbooks/deploy.md", "# Deploying\n## Rollback\nRevert the pull request on GitHub.\n", ["git"]),
        ("docs/runbooks/deploy.md", "# Deploying\n## Rollback\n`make production rake task=db:rollback`\n", []),
        ("docs/runbooks/deploy.md", "# Deploying\nWhen it fails, `kubectl rollout undo deploy/shop`.\n", ["kubectl"]),
        ("docs/rollback.md", "# Rollback\n```bash\nkubectl rollout undo deploy/shop\n```\n", ["kubectl"]),
        ("docs/api.md", "# Transactions\n## Rollback\n`helm rollback shop`\n", []),
        ("CHANGELOG.md", "# Changes\n## Reverts\n`helm rollback shop`\n", []),
        ("docs/deployment.md", "# Deployment\n## Rolling back\n`gh workflow run deploy.yml -f tag=v1`\n", ["pipeline"]),
        ("docs/deployment.md", "# Deployment\n## Rolling back\n```sh\n./scripts/rollback.sh\n```\n", ["script"]),
    ],
)
def test_what_is_written(path: str, text: str, found: list[str]) -> None:
    assert [way.tool for way in written_ways(project_of([(path, text)]))] == found


def test_what_is_not_here_is_doubted() -> None:
    steps = "- run: aws ecs update-service --cluster c --service s --task-definition s:1"
    project = project_of([(CI, workflow(steps))])
    doubt = doubt_about(job_of(project), project)
    assert doubt is not None
    assert "declared elsewhere" in doubt.words
    known = project_of([(CI, workflow("- run: kubectl apply -f k8s/")), ("k8s/app.yaml", APP)])
    assert doubt_about(job_of(known), known) is None


def test_a_rollback_is_no_roll_out() -> None:
    text = workflow("- run: kubectl apply -f k8s/").replace("  deploy:", "  rollback-production:")
    project = project_of([(CI, text)])
    assert not rolls_out(job_of(project, "rollback-production"), project)


def test_tools_are_called_by_their_commands() -> None:
    assert called(("aws", "ecs", "update-service")) == "aws ecs"
    assert called(("flyctl", "deploy")) == "fly"
    assert called(()) == ""
    project = project_of([(CI, workflow("- run: terraform apply -auto-approve\n- run: helmfile apply"))])
    assert [each.tool for each in deployments(job_of(project), project)] == ["helm"]


def test_commands_are_bounded() -> None:
    project = project_of([(CI, workflow("- run: ./a.sh")), ("a.sh", "#!/bin/sh\n" + "./a.sh\n" * 40)])
    assert len(ran(job_of(project), project)) <= 2_000


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("- run: kubectl apply -f k8s/", [("kubectl apply -f", True)]),
        ("- run: kubectl apply -f $OUT", [("kubectl apply -f", False)]),
        ("- run: kubectl apply -f https://example.com/crds.yaml", []),
        ("- run: kubectl create secret generic x --dry-run=client -o yaml | kubectl apply -f -", []),
        ("- run: helm upgrade shop ./chart --wait", []),
        ("- run: helm upgrade shop ./chart --wait=false", [("helm upgrade shop", True)]),
        ("- run: docker stack deploy -c compose.yaml shop", [("docker stack deploy", True)]),
        ("- run: aws cloudformation deploy --stack-name shop --template-file t.yaml", []),
    ],
)
def test_what_does_not_wait(steps: str, words: list[tuple[str, bool]]) -> None:
    project = project_of([(CI, workflow(steps)), ("k8s/app.yaml", APP)])
    assert [(each.words, each.certain) for each in unwaited(job_of(project), project)] == words


def test_checks_are_those_of_the_runs_that_deploy() -> None:
    more = "  check:\n    needs: deploy\n    if: failure()\n    runs-on: x\n    steps:\n      - run: curl -f https://shop.dev\n"
    project = project_of([(CI, workflow("- run: kubectl apply -f k8s/", more=more))])
    assert not checks_after(job_of(project), project).any
    before = workflow("- run: curl -f https://shop.dev/health\n- run: kubectl apply -f k8s/")
    project = project_of([(CI, before)])
    assert not checks_after(job_of(project), project).any


def test_how_a_migration_goes_back() -> None:
    done = "def upgrade():\n    op.add()\n\n\ndef downgrade():\n    # what it did\n    op.drop()\n"
    empty = 'def upgrade():\n    op.add()\n\n\ndef downgrade():\n    """Nothing."""\n    pass\n'
    assert undo_of("alembic", project_of([("db/versions/1.py", done)])).word == "yes"
    assert undo_of("alembic", project_of([("db/versions/1.py", done), ("db/versions/2.py", empty)])).word == "no"
    assert undo_of("alembic", project_of([])).word == "unknown"
    assert undo_of("prisma", project_of([])).word == "no"
    down = "exports.up = k => k.a();\nexports.down = function (k) { return k.b(); };\n"
    assert undo_of("knex", project_of([("migrations/1.js", down)])).word == "yes"
    assert undo_of("knex", project_of([("migrations/1.js", "exports.down = function (k) { };\n")])).word == "no"


def laptop(text: str) -> list[str]:
    project = project_of([("docs/deployment.md", text)])
    return [found.text for document in project.all(Document) for found in from_laptop(document)]


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("kubectl apply -f k8s/ -n production", 1),
        ("kubectl apply -f k8s/ -n staging", 0),
        ("kubectl apply -f k8s/", 0),
        ("kubectl apply -k k8s/overlays/prod", 1),
        ("kubectl apply -f k8s/secret-production.yaml", 0),
        ("helm upgrade shop ./chart -f values-prod.yaml", 1),
        ("terraform apply -var-file=prod.tfvars", 1),
        ("terraform workspace select prod\nterraform apply", 1),
        ("cd terraform/prod\nterraform plan", 0),
        ("cd terraform/prod\nterraform apply\ncd ../dev\nterraform apply", 1),
        ("kubectl get pods -n production", 0),
        ("kubectl apply --dry-run=server -f k8s/ -n production", 0),
    ],
)
def test_from_a_laptop(block: str, found: int) -> None:
    assert len(laptop(f"# Deployment\n```bash\n{block}\n```\n")) == found
    assert laptop(f"# Deployment\n## Bootstrap, once\n```bash\n{block}\n```\n") == []


def test_what_brings_it_to_production() -> None:
    flux = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\nspec: {interval: 5m}\n"
    assert brought_by(project_of([("apps/shop.yaml", flux)]))
    assert brought_by(project_of([(CI, workflow("- run: kubectl apply -f k8s/"))]))
    assert not brought_by(project_of([("k8s/app.yaml", APP)]))


@pytest.mark.parametrize(
    ("steps", "path", "text", "expected"),
    [
        ("- run: helmfile apply", "helmfile.yaml", "helmDefaults:\n  atomic: true\nreleases:\n  - chart: a\n", True),
        ("- run: helmfile apply", "helmfile.yaml", "releases:\n  - chart: a\n    atomic: true\n  - chart: b\n", False),
        ("- run: sam deploy", "template.yaml",
         "Globals:\n  Function:\n    DeploymentPreference:\n      Type: AllAtOnce\n      Alarms: [!Ref A]\n"
         "Resources:\n  A: {Type: AWS::Serverless::Function}\n  B: {Type: AWS::Serverless::Function}\n", True),
        ("- run: sam deploy", "template.yaml",
         "Resources:\n  A: {Type: AWS::Serverless::Function}\n  B:\n    Type: AWS::Serverless::Function\n"
         "    Properties:\n      DeploymentPreference:\n        Alarms: [!Ref A]\n", False),
        ("- run: docker stack deploy -c compose.yaml shop", "compose.yaml",
         "services:\n  a:\n    image: a:1\n    deploy: {update_config: {failure_action: rollback}}\n", True),
    ],
)  # fmt: skip
def test_told_in_a_file(steps: str, path: str, text: str, expected: bool) -> None:
    assert ways((CI, workflow(steps)), (path, text)) == [("itself", expected)]
