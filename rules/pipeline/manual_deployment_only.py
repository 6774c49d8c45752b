from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.by_hand import brought_by, production_here, production_jobs
from gatekeeper.links.chosen_versions import REFS, chosen_version
from gatekeeper.links.pipelines import entries, production_of
from gatekeeper.models.files import Repository
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Answer, Reason, absent, rule


def _meant(repository: Repository, project: Project) -> bool:
    return bool(production_here(project)) or any(True for _ in production_jobs(project))


@rule(
    "pipeline-manual-deployment-only",
    gate="pipeline-automation",
    severity="high",
    seed="Anti-Patterns to Avoid: Manual deployments",
    where=_meant,
)
def manual_only(repository: Repository, project: Project) -> Iterator[Answer]:
    """A pipeline brings what is here to production.

    Where people type the commands, every deployment is a little different, nobody can say afterwards what ran, and it
    waits for the one who knows how. Files for production (an overlay, values, a root of Terraform called so) need a job
    that deploys them, or a controller that follows the repository: Argo CD, Flux, Atlantis and their like. The pipeline
    may be in another repository: none here is a fault only where `owns` in gatekeeper.yaml names pipelines.

    A job that somebody starts by hand is a pipeline all the same. One that starts only so, and deploys whatever branch
    is typed, deploys what nobody has merged.

    Bad, it belongs here: # expect: no job deploys
    ```yaml gatekeeper.yaml
    owns: [pipelines]
    ```
    ```yaml k8s/overlays/production/kustomization.yaml
    resources: [../../base]
    ```
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: npx jest
    ```

    Bad, any branch:
    ```yaml .github/workflows/deploy.yml
    on: {workflow_dispatch: {inputs: {branch: {description: what to deploy}}}}
    jobs:
      # expect: whatever `branch` says
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ inputs.branch }}"}
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml k8s/overlays/production/kustomization.yaml
    resources: [../../base]
    ```
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -k k8s/overlays/production
    ```

    Good, a controller follows it:
    ```yaml k8s/overlays/production/kustomization.yaml
    resources: [../../base]
    ```
    ```yaml argocd/app.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/shop", path: k8s/overlays/production, targetRevision: main}
      destination: {name: production, namespace: shop}
    ```

    Good, a version is chosen:
    ```yaml .github/workflows/deploy.yml
    on: {workflow_dispatch: {inputs: {tag: {description: which release}}}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ inputs.tag }}"}
          - run: kubectl apply -f k8s/
    ```

    Unknown, a job by its name:
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - run: ./ship.sh
    ```

    Unknown, the only Application syncs a chart of somebody else:
    ```yaml k8s/overlays/production/kustomization.yaml
    resources: [../../base]
    ```
    ```yaml argocd/cache.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: cache}
    spec:
      source: {repoURL: "https://charts.example.com", chart: redis, targetRevision: 20.1.0}
      destination: {name: production, namespace: cache}
    ```

    Unknown, nobody said where the pipeline is:
    ```yaml k8s/overlays/production/kustomization.yaml
    resources: [../../base]
    ```
    """
    by = brought_by(project)
    if by:
        for job in production_jobs(project):
            yield from _of_any_branch(job, project)
        return
    named = next(production_jobs(project), None)
    if named:
        yield Unknown(named, f"that {named.name} deploys is said by its name alone", Reason.UNRESOLVED)
        return
    at = production_here(project)[0]
    words = f"no job deploys {at.source.path.rpartition('/')[0] or at.source.path}, nor does a controller follow it"
    unread = next((fault for fault in project.faults if fault.technology == "pipeline"), None)
    jobs = [job for pipeline in entries(project) for job in pipeline.all_jobs]
    remote = next((job.unresolved for job in jobs if job.unresolved), "")
    open_ = next((step for job in jobs for step in job.steps if not step.classified), None)
    if unread:
        yield Unknown(at, f"{words}; {unread.source.path}: {unread.message}", Reason.UNSUPPORTED_TOOL)
    elif remote:
        yield Unknown(at, f"{words}; {remote} cannot be read here", Reason.UNRESOLVED)
    elif open_:
        yield Unknown(at, f"{words}; what {open_.name} does is not known", Reason.UNRESOLVED)
    else:
        yield absent(project, "pipelines", words)


def _of_any_branch(job: Job, project: Project) -> Iterator[Finding]:
    """A deployment that starts only by hand, from a branch that is typed."""
    triggers = job.root.pipeline.triggers
    production = production_of(job, project)
    by_hand = bool(triggers) and all(trigger.ref in ("dispatch", "call") for trigger in triggers)
    chosen = chosen_version(job, project, REFS) if by_hand else None
    if chosen and chosen.certain and production and production.certain:
        words = f"{job.name} starts only by hand and deploys whatever `{chosen.input}` says, merged or not"
        fix = Fix("deploy what was merged, and choose among releases or commits of the main branch")
        yield Finding(job, words, (), fix, "medium")
