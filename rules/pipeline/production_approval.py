from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.approval import Status, approval_of
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Answer, Measure, Reason, rule


@rule(
    "pipeline-production-approval",
    gate="production-approval",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda job, project: production_of(job, project) is not None,
)
def production_approval(job: Job, project: Project) -> Iterator[Answer]:
    """Somebody approves before production is deployed.

    Approval is somebody's yes before the deployment runs. It counts when the deployment cannot run without it: the
    environment of the deploying job or of a job that it needs, an approval action before the deployment, a job that
    somebody starts. The `if:` of every job is evaluated for each way in which the pipeline starts, and played with the
    approval refused. The best that comes before counts, and of the ways to start the worst.

    | it is | when | comes out as |
    |---|---|---|
    | verified | Terraform, `.github/settings.yml`, a snapshot of the server or the file names who must agree | PASS |
    | declared | an environment or a service may ask somebody; whom is not in the files | UNKNOWN |
    | weak | one person does it all (a manual start), or only a wait timer or a policy for branches holds it | UNKNOWN |
    | bypassable | it runs although the approval was refused | FAIL |
    | misplaced | what asks comes after the deployment, or guards another environment | FAIL |
    | absent | nobody is asked, or the server shows an environment without reviewers | FAIL |

    An approval action names who approves, and must not be content with whoever started it: `minimum-approvals` of 2
    (without it all who are named must approve), or `exclude-workflow-initiator-as-approver`. A check whether somebody
    belongs to a team is authorisation, not approval. On GitHub one of the at most six reviewers is enough; in a private
    repository reviewers need a plan that has them (Enterprise), so that a declared environment may ask nobody; a name
    that no environment has gets one without protection. What Terraform or a file of settings says counts when it is
    about this repository; where the server was asked, its answer counts.

    Where the review before a merge is the approval, `pipeline: {approval: review}` in gatekeeper.yaml says so: it
    counts for what starts with a push to one branch that is known to ask for a review. `approval: not-required`, with
    `reason`, `by`, `approved_by`, `on` and `until`, waives the finding; it does not make it pass.

    Bad, nothing:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: nobody approves
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, after it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: after the deployment
      deploy-prod:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
      mark:
        needs: deploy-prod
        environment: production
        runs-on: ubuntu-latest
        steps:
          - run: echo deployed
    ```

    Bad, only staging:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      staging:
        environment: staging
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -n staging -f k8s/
      # expect: only environment before it is staging
      production:
        needs: staging
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -n production -f k8s/
    ```

    Bad, goes on without it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      approve:
        runs-on: ubuntu-latest
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace"}
      # expect: runs although job approve failed
      deploy-production:
        needs: approve
        if: ${{ !cancelled() }}
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, Terraform shows that nobody must approve:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: environment production has no required reviewer
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```hcl github.tf
    resource "github_repository_environment" "production" {
      repository  = "orders"
      environment = "production"
    }
    ```
    ```yaml gatekeeper.yaml
    service: {name: orders}
    ```

    Bad, the gate is skipped for tags:
    ```yaml
    on: {push: {branches: [main], tags: ["v*"]}}
    jobs:
      approve:
        if: github.ref_type == 'branch'
        runs-on: ubuntu-latest
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace"}
      # expect: on a tag
      deploy-production:
        needs: approve
        if: ${{ !failure() }}
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace", minimum-approvals: 1, exclude-workflow-initiator-as-approver: true}
          - run: kubectl apply -f k8s/
    ```

    Good, Terraform names the reviewers:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```hcl github.tf
    resource "github_repository" "orders" {
      name = "orders"
    }
    resource "github_repository_environment" "production" {
      repository          = github_repository.orders.name
      environment         = "production"
      prevent_self_review = true
      reviewers {
        teams = [github_team.leads.id]
      }
    }
    ```
    ```yaml gatekeeper.yaml
    service: {name: orders}
    ```

    Good, settings that an app applies:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: Production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      - name: production
        reviewers:
          - {type: Team, id: 12}
    ```

    Good, the review before the merge is the approval:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    branches:
      - name: main
        protection:
          required_pull_request_reviews: {required_approving_review_count: 1}
          required_status_checks: null
          enforce_admins: true
          restrictions: null
    ```
    ```yaml gatekeeper.yaml
    pipeline: {approval: review}
    ```

    Good, in a job that it needs:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      approve:
        runs-on: ubuntu-latest
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace"}
      deploy-production:
        needs: approve
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown, whoever started it may approve it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      approve:
        runs-on: ubuntu-latest
        steps:
          - uses: trstringer/manual-approval@v1
            with: {approvers: "ada,grace", minimum-approvals: 1}
      deploy-production:
        needs: approve
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown, Terraform of another repository:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```hcl github.tf
    resource "github_repository_environment" "production" {
      repository  = "billing"
      environment = "production"
      reviewers {
        teams = [12]
      }
    }
    ```
    ```yaml gatekeeper.yaml
    service: {name: orders}
    ```

    Unknown, declared:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown, a gate before it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      gate:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: echo go
      deploy-production:
        needs: gate
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown, by hand:
    ```yaml
    on: workflow_dispatch
    jobs:
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```
    """
    approval = approval_of(job, project)
    at = approval.cites[0].at if approval.cites else job.root
    see = tuple(Note(cite.at, cite.words) for cite in approval.cites)
    fix = Fix(approval.next) if approval.next else None
    production = production_of(job, project)
    if approval.status is Status.VERIFIED:
        yield Measure(approval.cites[-1].at if approval.cites else job.root, approval.why, 1)
    elif project.settings.pipeline.approval == "not-required":
        words = f"{approval.why}; gatekeeper.yaml says that no approval is required"
        yield Finding(job.root, words, see, fix)
    elif not approval.status.fails:
        words = f"{approval.why}: {approval.next}" if approval.next else approval.why
        yield Unknown(at, words, Reason(approval.reason))
    elif production and not production.certain:
        yield Unknown(job.root, f"{approval.why}; held to be production because {production.why}")
    else:
        yield Finding(job.root, approval.why, see, fix)
