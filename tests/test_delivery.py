"""What is deployed, in which order, and how it is serialised: the links below the rules of delivery."""

from __future__ import annotations

from textwrap import dedent

import pytest

from gatekeeper.links.applied import applied
from gatekeeper.links.chained_images import chain_of
from gatekeeper.links.coverage_gate import Held, coverage_of
from gatekeeper.links.image_chain import images_of
from gatekeeper.links.image_names import Name, form, is_open, name_of, same
from gatekeeper.links.performance_gate import measured
from gatekeeper.links.promotion import After, after, choice_of, lower_of
from gatekeeper.links.serialised import apart, cancelled, groups
from gatekeeper.models.pipeline import Job, Pipeline
from gatekeeper.project import Project
from gatekeeper.testing import project_of

CI = ".github/workflows/ci.yml"


def workflow(text: str, **others: str) -> Project:
    files = {CI: text, **{path.replace("__", "/"): body for path, body in others.items()}}
    return project_of([(path, dedent(body)) for path, body in files.items()])


def job(project: Project, name: str = "deploy") -> Job:
    return next(job for each in project.all(Pipeline) for job in each.all_jobs if job.id == name)


def deploying(steps: str, top: str = "", on: str = "push: {branches: [main]}") -> Project:
    body = "".join(f"      {line}\n" for line in dedent(steps).strip().splitlines())
    return project_of([(CI, f"on: {{{on}}}\n{top}jobs:\n  deploy:\n    environment: production\n    steps:\n{body}")])


# the names of images


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("acme/shop", Name("acme/shop", "latest")),
        ("ghcr.io:443/acme/shop:1", Name("ghcr.io:443/acme/shop", "1")),
        ("shop@sha256:ab", Name("shop", "", "sha256:ab")),
        ("shop:1@sha256:ab", Name("shop", "1", "sha256:ab")),
        ("--flag", None),
        ("./folder", None),
        ("", None),
    ],
)
def test_parts_of_a_name(text: str, name: Name | None) -> None:
    assert name_of(text) == name


def test_a_port_is_no_tag() -> None:
    name = name_of("localhost:5000/shop")
    assert name is not None
    assert (name.repository, name.tag) == ("localhost:5000/shop", "latest")


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("acme/shop:1", "acme/shop:1", True),
        ("acme/shop", "acme/shop:latest", True),
        ("acme/shop:1", "acme/shop:2", False),
        ("acme/shop:$GITHUB_SHA", "acme/shop:latest", False),
        ("acme/shop:$TAG", "acme/shop:1", None),
        ("acme/shop:$TAG", "acme/shop:$TAG", True),
        ("acme/shop:{steps.a.outputs.b}", "acme/shop:1", None),
        ("acme/shop@sha256:ab", "acme/shop:1", None),
    ],
)
def test_same_image(one: str, other: str, verdict: bool | None) -> None:
    first, second = name_of(one), name_of(other)
    assert first
    assert second
    assert same(first, second) is verdict


def test_open_names() -> None:
    assert is_open("$TAG")
    assert is_open("a\x1ab")
    assert not is_open("$GITHUB_SHA-$CI_COMMIT_SHA")


def test_variables_and_expressions_come_to_one_form() -> None:
    project = deploying(
        """
        - run: |
            TAG=${{ github.sha }}
            docker push "$IMAGE:$TAG"
          env: {IMAGE: "${{ env.REGISTRY }}/shop"}
        """,
        top="env: {REGISTRY: ghcr.io/acme}\n",
    )
    step = job(project).steps[0]
    assert form("$IMAGE:${TAG}", step) == "ghcr.io/acme/shop:$GITHUB_SHA"
    assert form("${{ secrets.NAME }}:$OTHER", step) == "{secrets.NAME}:$OTHER"


def test_a_variable_set_to_itself_ends() -> None:
    project = deploying("""
        - run: |
            A=$B
            B=$A
            docker push $A
    """)
    assert "$" in form("$A", job(project).steps[0]) or "{" in form("$A", job(project).steps[0])


def test_variables_that_hold_one_another_many_times_end() -> None:
    lines = "\n".join(f"V{n}={f'$V{n + 1}' * 40}" for n in range(12))
    project = deploying("- run: |\n" + "\n".join(f"    {line}" for line in [*lines.splitlines(), "docker push a:$V0"]))
    assert len(images_of([job(project)]).pushed) == 1


def test_outputs_through_a_reusable_workflow() -> None:
    project = project_of([
        (CI, dedent("""
            on: {push: {branches: [main]}}
            jobs:
              build:
                uses: ./.github/workflows/build.yml
                with: {name: shop}
              deploy:
                needs: build
                environment: production
                steps:
                  - run: kubectl set image deployment/shop shop=${{ needs.build.outputs.image }}
        """)),
        (".github/workflows/build.yml", dedent("""
            on:
              workflow_call:
                inputs: {name: {type: string}}
                outputs: {image: {value: "${{ jobs.image.outputs.image }}"}}
            jobs:
              image:
                outputs: {image: "${{ steps.made.outputs.name }}"}
                steps:
                  - id: made
                    run: |
                      docker build -t acme/${{ inputs.name }}:$GITHUB_SHA .
                      echo "name=acme/${{ inputs.name }}:$GITHUB_SHA" >> $GITHUB_OUTPUT
        """)),
    ])  # fmt: skip
    images = images_of([job(project)])
    assert [image.words for image in images.deployed] == ["acme/shop:$GITHUB_SHA"]
    called = job(project, "build").called
    assert called
    built = images_of(called.jobs).built
    assert [image.words for image in built] == ["acme/shop:$GITHUB_SHA"]


def test_images_of_commands() -> None:
    project = deploying("""
        - run: |
            docker buildx build --platform linux/amd64 -t acme/shop:1 --push .
            docker tag acme/shop:1 acme/shop:2
            docker push acme/shop:2
            trivy image --severity HIGH,CRITICAL --exit-code 1 acme/shop:2
            docker run --rm aquasec/trivy:0.50 image acme/shop:3
            snyk container test acme/shop:4 --file=Dockerfile
            gcloud run deploy shop --image acme/shop:2
            kubectl rollout restart deployment/shop
            docker push --all-tags acme/other
    """)
    images = images_of([job(project)])
    assert [image.words for image in images.pushed] == ["acme/shop:1", "acme/shop:2", "acme/other:{every tag}"]
    assert [image.words for image in images.scanned] == ["acme/shop:2", "acme/shop:3", "acme/shop:4"]
    assert [image.words for image in images.deployed] == ["acme/shop:2"]
    assert [(a.text, b.text) for a, b in images.tagged] == [("acme/shop:1", "acme/shop:2")]
    assert images.restarts


def test_tags_of_the_metadata_action() -> None:
    project = deploying("""
        - uses: docker/metadata-action@v5
          id: meta
          with:
            images: ghcr.io/acme/${{ github.event.repository.name }}
            tags: |
              type=raw,value=stable
              type=sha,format=long,prefix=
              type=semver,pattern={{version}}
        - uses: docker/build-push-action@v6
          with: {push: true, tags: "${{ steps.meta.outputs.tags }}"}
    """)
    tags = [image.name.tag for image in images_of([job(project)]).pushed]
    assert tags == ["stable", "$GITHUB_SHA", "{type=semver,pattern={{version}}}", "latest"]


def test_an_image_without_a_build_is_no_chain() -> None:
    assert not chain_of(job(deploying("- run: kubectl apply -f k8s/"))).builds


def test_a_second_image_that_nothing_scans_is_said() -> None:
    project = deploying("""
        - run: docker build -t acme/api:1 api && docker push acme/api:1
        - run: docker build -t acme/web:1 web && docker push acme/web:1
        - run: trivy image --exit-code 1 acme/api:1
        - run: flyctl deploy --image acme/api:1
    """)
    chain = chain_of(job(project))
    assert "acme/web:1, which is pushed too" in chain.words
    assert not chain.sure


def test_a_copy_between_registries_is_the_same_image() -> None:
    project = deploying("""
        - run: docker build -t ci/shop:1 . && docker push ci/shop:1
        - run: trivy image --exit-code 1 ci/shop:1
        - run: crane copy ci/shop:1 prod/shop:1
        - run: flyctl deploy --image prod/shop:1
    """)
    assert chain_of(job(project)).words == ""


# groups


@pytest.mark.parametrize(
    ("concurrency", "on", "keeps"),
    [
        ("deploy", "push: {branches: [main]}", True),
        ("deploy-${{ github.ref }}", "push: {branches: [main]}", True),
        ("deploy-${{ github.ref }}", 'push: {tags: ["v*"]}', False),
        ("${{ github.run_id }}", "push: {branches: [main]}", False),
        ("${{ github.head_ref || github.run_id }}", "push: {branches: [main]}", False),
        ("${{ github.head_ref || github.ref }}", "push: {branches: [main]}", True),
        ("${{ format('{0}-{1}', github.workflow, github.sha) }}", "push: {branches: [main]}", False),
    ],
)
def test_what_holds_two_runs_apart(concurrency: str, on: str, keeps: bool) -> None:
    project = deploying("- run: kubectl apply -f k8s/", f'concurrency: "{concurrency}"\n', on)
    assert len(groups(job(project))) == 1
    assert apart(job(project)) is keeps


@pytest.mark.parametrize(
    ("cancel", "verdict"),
    [
        ("true", True),
        ("false", None),
        ("${{ github.ref != 'refs/heads/main' }}", None),
        ("${{ github.event_name == 'push' }}", True),
        ("${{ vars.CANCEL }}", False),
    ],
)
def test_what_a_newer_run_cancels(cancel: str, verdict: bool | None) -> None:
    top = f'concurrency: {{group: deploy, cancel-in-progress: "{cancel}"}}\n'
    found = cancelled(job(deploying("- run: kubectl apply -f k8s/", top)))
    assert (found[1] if found else None) is verdict


# environments below production

PAIR = """
    on: {push: {branches: [main]}}
    jobs:
      staging:
        environment: staging
        steps: [{run: helm upgrade shop ./chart}]
      production:
        %s
        environment: production
        steps: [{run: helm upgrade shop ./chart}]
"""


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("needs: staging", After.WAITS),
        ("needs: [staging]\n        if: always()", After.SOFT),
        ("timeout-minutes: 5", After.BESIDE),
        ("needs: staging\n        if: always() && vars.GO == 'yes'", After.UNKNOWN),
    ],
)
def test_production_after_staging(line: str, how: After) -> None:
    project = workflow(PAIR % line)
    production = job(project, "production")
    lower = lower_of(production, project)
    assert [each.name for each in lower] == ["staging"]
    assert after(production, lower[0].job) is how


def test_another_service_is_not_the_same_thing() -> None:
    project = workflow("""
        on: {push: {branches: [main]}}
        jobs:
          deploy-docs-staging:
            environment: staging
            steps: [{run: helm upgrade docs ./docs}]
          deploy-shop-production:
            environment: production
            steps: [{run: helm upgrade shop ./chart}]
    """)
    assert lower_of(job(project, "deploy-shop-production"), project) == []


@pytest.mark.parametrize(
    ("strategy", "how"),
    [
        ("{matrix: {env: [staging, production]}}", "at once"),
        ("{max-parallel: 1, matrix: {env: [staging, production]}}", "in order"),
        ("{matrix: {include: [{env: staging}, {env: production}]}}", "at once"),
        ("{matrix: {node: [18, 20]}}", ""),
    ],
)
def test_one_job_for_every_environment(strategy: str, how: str) -> None:
    project = workflow(f"""
        on: {{push: {{branches: [main]}}}}
        jobs:
          deploy:
            strategy: {strategy}
            environment: ${{{{ matrix.env }}}}
            steps: [{{run: helm upgrade shop ./chart}}]
    """)
    assert choice_of(job(project)) == how


# plans


@pytest.mark.parametrize(
    ("steps", "how"),
    [
        ("- run: terraform apply -auto-approve", "anew"),
        ("- run: terraform -chdir=infra apply -var-file=prod.tfvars -auto-approve", "anew"),
        ("- run: terraform apply -var-file prod.tfvars", "anew"),
        ("- run: terraform apply plan.bin", "unknown"),
        ("- run: terraform plan -out plan.bin\n- run: terraform apply plan.bin", "at once"),
        ("- run: terraform plan -out=out/plan.bin && terraform apply out/plan.bin", "at once"),
        ("- {uses: dflook/terraform-apply@v2, with: {auto_approve: true}}", "anew"),
        ("- uses: dflook/terraform-apply@v2", "reviewed"),
    ],
)
def test_which_plan_is_applied(steps: str, how: str) -> None:
    project = deploying(steps)
    assert [each.how for each in applied(job(project), project)] == [how]


# coverage and performance


def held(run: str, *files: tuple[str, str]) -> dict[str, Held]:
    project = project_of([(CI, f"on: push\njobs:\n  test:\n    steps:\n      - run: {run}\n"), *files])
    return {each.tool: each.held for each in coverage_of(project).measured}


@pytest.mark.parametrize(
    ("run", "files", "found"),
    [
        ("pytest --cov --cov-fail-under=0", [], {"pytest-cov": Held.NO}),
        ("pytest", [("pytest.ini", "[pytest]\naddopts = --cov --cov-fail-under=70\n")], {"pytest-cov": Held.YES}),
        ("pytest", [(".coveragerc", "[report]\nfail_under = 70\n")], {}),
        ("pytest --cov", [(".coveragerc", "[report]\nfail_under = 70\n")], {"pytest-cov": Held.YES}),
        ("tox", [("tox.ini", "[testenv]\ncommands = coverage run -m pytest\n")], {"pytest-cov": Held.NO}),
        ("npx vitest run --coverage", [("vitest.config.ts", "coverage: { thresholds: { lines: 80 } }")],
         {"Vitest": Held.YES}),
        ("npx c8 --check-coverage mocha", [], {"nyc": Held.YES}),
        ("go test -coverprofile=c.out ./...", [], {"go test -cover": Held.NO}),
        ("dotnet test /p:CollectCoverage=true /p:Threshold=80", [], {"coverlet": Held.YES}),
        ("cargo llvm-cov --fail-under-lines 80", [], {"cargo coverage": Held.YES}),
        ("bundle exec rspec", [("spec/spec_helper.rb", "SimpleCov.start { minimum_coverage 90 }")],
         {"SimpleCov": Held.YES}),
        ("bundle exec rspec", [("spec/spec_helper.rb", "SimpleCov.start")], {"SimpleCov": Held.NO}),
        ("mvn test", [("pom.xml", "<plugin>jacoco</plugin>")], {}),
        ("mvn verify", [("pom.xml", "<plugin>jacoco <goal>report</goal></plugin><limit>")], {"JaCoCo": Held.NO}),
        ("npm run cover", [("package.json", '{"scripts": {"cover": "jest --coverage"}}')], {"Jest": Held.NO}),
    ],
)  # fmt: skip
def test_measured_and_gated(run: str, files: list[tuple[str, str]], found: dict[str, Held]) -> None:
    assert held(run, *files) == found


def test_codecov_that_cannot_fail_is_no_gate() -> None:
    project = project_of([
        (CI, "on: push\njobs:\n  test:\n    steps:\n      - run: pytest --cov\n      - uses: codecov/codecov-action\n"),
        ("codecov.yml", "coverage:\n  status:\n    project: off\n    patch: {default: {informational: true}}\n"),
    ])  # fmt: skip
    assert coverage_of(project).services == ()


@pytest.mark.parametrize(
    ("run", "files", "gates"),
    [
        ("k6 run load.js", [("load.js", "export const options = {vus: 1}")], False),
        ("k6 run load.js", [("load.js", "export const options = {thresholds: {errors: ['rate<0.01']}}")], True),
        ("artillery run load.yml", [("load.yml", "config:\n  ensure:\n    maxErrorRate: 1\n")], True),
        ("lhci autorun", [("lighthouserc.json", '{"ci": {"assert": {"preset": "lighthouse:recommended"}}}')], True),
        ("lhci autorun", [("lighthouserc.json", '{"ci": {"collect": {}}}')], False),
    ],
)  # fmt: skip
def test_performance(run: str, files: list[tuple[str, str]], gates: bool) -> None:
    project = project_of([(CI, f"on: push\njobs:\n  load:\n    steps:\n      - run: {run}\n"), *files])
    assert [each.gates for each in measured(project)] == [gates]
