"""How each deploying tool goes back: what it is called here, the command that returns, who keeps the releases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gatekeeper.links.ran import Ran, ran
from gatekeeper.models.pipeline import INFRASTRUCTURE, Fact, Job
from gatekeeper.project import Project

# By the program and the words behind it, the longest first; what is not here is called by its program.
_CALLED = {
    ("kubectl", "argo"): "Argo Rollouts",
    ("kubectl",): "kubectl",
    ("oc",): "kubectl",
    ("kapp",): "kubectl",
    ("skaffold",): "kubectl",
    ("kustomize",): "kubectl",
    ("helm",): "helm",
    ("helmfile",): "helm",
    ("argocd",): "argocd",
    ("aws", "ecs"): "aws ecs",
    ("ecs",): "aws ecs",
    ("ecs-deploy",): "aws ecs",
    ("ecspresso",): "aws ecs",
    ("aws", "deploy"): "aws deploy",
    ("aws", "lambda"): "aws lambda",
    ("aws", "cloudformation"): "cloudformation",
    ("aws", "elasticbeanstalk"): "eb",
    ("sam",): "cloudformation",
    ("serverless",): "cloudformation",
    ("sls",): "cloudformation",
    ("cdk",): "cloudformation",
    ("copilot",): "cloudformation",
    ("gcloud", "run"): "gcloud run",
    ("gcloud", "app"): "gcloud app",
    ("gcloud", "functions"): "gcloud functions",
    ("gcloud", "deploy"): "gcloud deploy",
    ("az", "webapp"): "az webapp",
    ("az", "functionapp"): "az functionapp",
    ("az", "containerapp"): "az containerapp",
    ("docker", "service"): "docker swarm",
    ("docker", "stack"): "docker swarm",
    ("terraform",): "terraform",
    ("tofu",): "terraform",
    ("terragrunt",): "terraform",
    ("cf",): "cf",
    ("heroku",): "heroku",
    ("fly",): "fly",
    ("flyctl",): "fly",
}
_BY_ACTION = (
    ("aws-actions/amazon-ecs-deploy-task-definition", "aws ecs"),
    ("aws-actions/aws-cloudformation-github-deploy", "cloudformation"),
    ("aws-actions/aws-lambda-deploy", "aws lambda"),
    ("google-github-actions/deploy-cloudrun", "gcloud run"),
    ("google-github-actions/deploy-appengine", "gcloud app"),
    ("google-github-actions/deploy-cloud-functions", "gcloud functions"),
    ("google-github-actions/create-cloud-deploy-release", "gcloud deploy"),
    ("azure/webapps-deploy", "az webapp"),
    ("azure/functions-action", "az functionapp"),
    ("azure/container-apps-deploy-action", "az containerapp"),
    ("azure/k8s-deploy", "kubectl"),
    ("appleboy/k8s-action", "kubectl"),
    ("akhileshns/heroku-deploy", "heroku"),
    ("amondnet/vercel-action", "vercel"),
    ("cloudflare/", "wrangler"),
    ("netlify/", "netlify"),
    ("nwtgck/actions-netlify", "netlify"),
    ("einaregilsson/beanstalk-deploy", "eb"),
    ("koslib/helm", "helm"),
    ("deliverybot/helm", "helm"),
    ("wyrihaximus/github-action-helm", "helm"),
    ("superfly/", "fly"),
    ("firebaseextended/", "firebase"),
    ("w9jds/firebase-action", "firebase"),
    ("cloud-gov/", "cf"),
)
GITOPS = "git push (GitOps)"
# The command that brings the release before back.
RETURNS = {
    GITOPS: "git revert",
    "kubectl": "kubectl rollout undo deployment/NAME",
    "Argo Rollouts": "kubectl argo rollouts undo NAME",
    "helm": "helm rollback RELEASE",
    "argocd": "argocd app rollback NAME",
    "aws ecs": "aws ecs update-service --task-definition NAME:EARLIER",
    "aws deploy": "aws deploy create-deployment, of the revision before",
    "aws lambda": "aws lambda update-alias --function-version EARLIER",
    "gcloud run": "gcloud run services update-traffic --to-revisions EARLIER=100",
    "gcloud app": "gcloud app versions migrate EARLIER",
    "gcloud deploy": "gcloud deploy targets rollback",
    "az webapp": "az webapp deployment slot swap",
    "az containerapp": "az containerapp ingress traffic set --revision-weight EARLIER=100",
    "docker swarm": "docker service rollback NAME",
    "cf": "cf rollback NAME --version EARLIER",
    "heroku": "heroku rollback",
    "fly": "fly deploy --image EARLIER",
    "vercel": "vercel rollback",
    "netlify": "netlify api restoreSiteDeploy",
    "wrangler": "wrangler rollback",
    "kamal": "kamal rollback EARLIER",
    "nomad": "nomad job revert NAME EARLIER",
    "eb": "eb deploy --version EARLIER",
}
# These keep every release on their side: going back is a button there, which nothing here has to know of.
HOSTED = frozenset(
    {
        GITOPS,
        "gcloud run", "gcloud app", "gcloud functions", "gcloud deploy", "az webapp", "az functionapp",
        "az containerapp", "cf", "heroku", "fly", "vercel", "netlify", "wrangler", "firebase", "eb", "aws deploy",
        "doctl", "render", "railway",
    }
)  # fmt: skip


class Deployed(NamedTuple):
    """What a job deploys with: the tool as it is called here, and the first place that says so."""

    tool: str
    fact: Fact


def called(words: Sequence[str]) -> str:
    """What the tool of a command is called here; '' for no command."""
    if not words:
        return ""
    pair = (words[0], next((word for word in words[1:] if not word.startswith("-")), ""))
    return _CALLED.get(pair) or _CALLED.get(pair[:1]) or words[0]


def of_fact(fact: Fact, project: Project) -> str:
    """What the tool of a fact is called: by its command, else by its action."""
    if "/" in fact.tool:
        lower = fact.tool.lower()
        return next((name for prefix, name in _BY_ACTION if lower.startswith(prefix)), fact.tool)
    same = (each for each in ran(fact.step.job, project) if each.order == fact.order and fact.kind in each.kinds)
    found = next((called(each.words) for each in same if each.words[0] == fact.tool), "")
    return found or called((fact.tool,))


def deployments(job: Job, project: Project) -> list[Deployed]:
    """The tools by which a job certainly deploys, each once; infrastructure's own only where there are no others."""
    facts = [fact for fact in job.facts if fact.kind == "deploy" and fact.strength != "name"]
    rolled_out = [fact for fact in facts if fact.tool not in INFRASTRUCTURE] or facts
    found: dict[str, Deployed] = {}
    for fact in rolled_out:
        name = of_fact(fact, project)
        found.setdefault(name, Deployed(name, fact))
    return list(found.values())


def deploying_commands(job: Job, project: Project) -> list[Ran]:
    """The commands of a job that deploy."""
    return [each for each in ran(job, project) if "deploy" in each.kinds]
