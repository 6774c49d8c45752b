from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.performance_gate import measured
from gatekeeper.links.pipelines import entries, ships
from gatekeeper.models.files import Repository
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Answer, rule


def _services(project: Project) -> list[Job]:
    return [job for pipeline in entries(project) for job in pipeline.all_jobs if ships(job, project)]


@rule(
    "pipeline-performance-gated",
    gate="performance",
    severity="low",
    seed="3.3 Quality Gates: Performance benchmarks met",
    where=lambda repository, project: bool(measured(project) or _services(project)),
)
def performance_gated(repository: Repository, project: Project) -> Iterator[Answer]:
    """A pipeline measures performance, and fails when it is bad.

    A service gets slower by a few milliseconds with each change, and each of them passes every test. What counts is a
    load test or benchmark with a number that it must reach: `thresholds` in the script of k6, `ensure` of Artillery,
    assertions of Lighthouse CI and Gatling, `fail-on-alert` of github-action-benchmark. A tool that prints
    numbers and asks for none gates nothing.

    Judged are repositories that deploy a service, or measure already.

    Bad: # expect: no pipeline measures performance
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
          - run: kubectl apply -f k8s/
    ```

    Bad, no threshold:
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      load:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # expect: has no thresholds
          - run: k6 run load/shop.js
    ```
    ```js load/shop.js
    import http from 'k6/http';
    export const options = { vus: 10, duration: '30s' };
    export default function () { http.get('https://shop.example.com'); }
    ```

    Bad, a benchmark that alarms nobody:
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      bench:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: go test -bench . ./... | tee output.txt
          # expect: no fail-on-alert
          - uses: benchmark-action/github-action-benchmark@v1
            with: {tool: go, output-file-path: output.txt}
    ```

    Good:
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      load:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: k6 run load/shop.js
    ```
    ```js load/shop.js
    import http from 'k6/http';
    export const options = { vus: 10, thresholds: { http_req_duration: ['p(95)<500'] } };
    export default function () { http.get('https://shop.example.com'); }
    ```

    Unknown, a script that is not here:
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      load:
        runs-on: ubuntu-latest
        steps:
          - run: k6 run $SCRIPT
    ```

    Unknown, a step that no table knows:
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: acme/load@v1
          - run: kubectl apply -f k8s/
    ```
    """
    found = measured(project)
    if any(each.gates for each in found):
        return
    open_ = next((each for each in found if each.gates is None), None)
    fix = Fix("run a load test with a threshold before or after the deployment to staging")
    if open_ is not None:
        yield Unknown(open_.fact.place, f"whether a bad number fails it is not known: {open_.why}")
    elif found:
        words = f"{found[0].fact.step.label} measures, and nothing fails when it is slow: {found[0].why}"
        yield Finding(found[0].fact.place, words, fix=fix)
    else:
        jobs = [job for pipeline in entries(project) for job in pipeline.all_jobs]
        steps = [step for job in jobs for step in job.steps if not step.classified]
        remote = next((job.unresolved for job in jobs if job.unresolved), "")
        sure = any((production := production_of(job, project)) and production.certain for job in _services(project))
        if remote or steps:
            because = f"{remote} is in another repository" if remote else f"{len(steps)} steps could not be classified"
            yield Unknown(repository, f"no load test or benchmark recognised; {because}")
        elif not sure:
            yield Unknown(repository, "no pipeline measures performance, and what is production is said by weak signs")
        else:
            yield Finding(repository, "no pipeline measures performance", fix=fix)
