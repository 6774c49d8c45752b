"""What the commands of a document name, and whether that is declared here: objects of a cluster, Applications, services
of Compose and ECS, targets of make, scripts.

What is declared elsewhere cannot be told from what was never declared: a name is only called wrong where everything of
its kind is seen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.outside import elsewhere
from gatekeeper.models import Subject
from gatekeeper.models.docs import Document
from gatekeeper.models.pipeline.kinds import unwrap
from gatekeeper.models.pipeline.shell import commands
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object
    from gatekeeper.models.terraform import Resource

_KINDS = {
    **dict.fromkeys(("deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"), "Deployment"),
    **dict.fromkeys(("statefulset", "statefulsets", "sts", "statefulset.apps", "statefulsets.apps"), "StatefulSet"),
    **dict.fromkeys(("daemonset", "daemonsets", "ds", "daemonset.apps", "daemonsets.apps"), "DaemonSet"),
    **dict.fromkeys(("cronjob", "cronjobs", "cj", "cronjob.batch"), "CronJob"),
    **dict.fromkeys(("service", "services", "svc"), "Service"),
    **dict.fromkeys(("ingress", "ingresses", "ing"), "Ingress"),
    **dict.fromkeys(("horizontalpodautoscaler", "hpa"), "HorizontalPodAutoscaler"),
    **dict.fromkeys(("rollout", "rollouts", "ro"), "Rollout"),
    **dict.fromkeys(("application", "applications", "app.argoproj.io", "applications.argoproj.io"), "Application"),
}
_VERBS = frozenset(
    "get describe logs exec delete scale edit patch rollout restart port-forward top annotate label set autoscale "
    "wait expose debug attach".split()
)
_ROLLOUT = frozenset("status restart history pause resume".split())  # undo is judged by runbook-placeholder-command
_VALUED = frozenset(
    "-n --namespace --context --kubeconfig --cluster -f --kube-context --to-revision -o --output -c --container -l "
    "--selector --tail --since --replicas -p --patch --type --timeout --for --as -s --server --field-selector "
    "--sort-by --min --max --cpu-percent --image --project -u --user -e --env -w --workdir --index --scale --file "
    "--profile --project-name --env-file --revision --resource --app-namespace --grpc-web-root-path".split()
)
_OPEN = regex(  # a name that its reader is to fill in
    r".*-|-.*|\d+|.*[<>\[\]{}$*\x1a…].*|.*\.\.\..*|(?:my|your|the|some|example|sample)[-_].+|(?-i:[A-Z][A-Z0-9_-]+)"
    r"|(?:service|app|application|deploy|deployment|release|pod|chart|container|workload|component|statefulset|object)"
    r"[-_]?(?:name|here|x+|id)|name|x{3,}|foo|bar|baz|todo|placeholder|nginx",
    re.IGNORECASE,
)


class Named(NamedTuple):
    """One thing that a command names: what it is, its name, its namespace, and where."""

    what: str  # a kind of Kubernetes, or Application, ECS service, Compose service
    name: str
    namespace: str
    at: Node
    command: str


class Judged(NamedTuple):
    """Whether it is there. `known` names what is; `doubt` says why more may be there that is not seen."""

    there: bool
    known: tuple[str, ...] = ()
    doubt: str = ""


def named_in(document: Document, project: Project) -> list[Named]:
    """What the commands of a document name, without what its reader is to fill in; nothing where nothing is declared
    that it could be."""
    if not _DECLARING & project.technologies() or not _MAY.search(document.source.text):
        return []
    return project.once(("named in", id(document)), lambda project: _named_in(document))


def _named_in(document: Document) -> list[Named]:
    found: list[Named] = []
    for node in document.commands():
        if len(node.text) < 1000 and _MAY.search(node.text):
            for command in commands(node.text)[:20]:
                found += (each for each in _of(unwrap(command.words), node) if not _OPEN.fullmatch(each.name))
    return found


_DECLARING = frozenset({"kubernetes", "compose", "terraform"})
_MAY = regex(r"\b(?:kubectl|oc|argocd|aws\s+ecs|docker[ -]compose)\b")


def _of(words: tuple[str, ...], at: Node) -> Iterator[Named]:
    if not words:
        return
    if words[0] in ("kubectl", "oc"):
        yield from _kubectl(words, at)
    elif words[:2] == ("argocd", "app") and len(words) > 3 and words[2] != "create" and words[2] != "rollback":
        if not words[3].startswith("-"):  # the options of argocd with a value are many
            yield Named("Application", words[3].rpartition("/")[2], "", at, " ".join(words[:3]))
    elif words[:2] == ("aws", "ecs"):
        service = _option(words, "--service") or _option(words, "--services")
        if service and words[2] != "create-service":
            yield Named("ECS service", service.rpartition("/")[2], "", at, " ".join(words[:3]))
    elif words[0] == "docker-compose" or words[:2] == ("docker", "compose"):
        yield from _compose(words[1:] if words[0] == "docker-compose" else words[2:], at)


def _kubectl(words: tuple[str, ...], at: Node) -> Iterator[Named]:
    follows = {"-f"} if "logs" in words[:4] else set()
    rest = _operands([word for word in words[1:] if word not in follows])
    if not rest or rest[0] not in _VERBS:
        return
    verb, operands = rest[0], rest[1:]
    if verb == "rollout":
        if not operands or operands[0] not in _ROLLOUT:
            return
        operands = operands[1:]
    elif verb == "set":
        operands = operands[1:]
    if not operands:
        return
    if ("-f" in words and not follows) or "-l" in words or "--selector" in words:
        return
    kind, slash, name = operands[0].partition("/")
    if not slash:
        name = operands[1] if len(operands) > 1 else ""
    meant = _KINDS.get(kind.lower())
    if meant and name and "/" not in name and "," not in kind:
        yield Named(meant, name, _option(words, "-n", "--namespace"), at, f"{words[0]} {verb}")


_COMPOSE_VERBS = frozenset(
    "up restart logs exec stop start build pull rm kill pause unpause create top run port".split()
)


def _compose(words: Sequence[str], at: Node) -> Iterator[Named]:
    before = _operands(words)
    if not before or before[0] not in _COMPOSE_VERBS:
        return
    behind = words[list(words).index(before[0]) + 1 :]
    rest = [before[0], *_operands([word for word in behind if word != "-f"])]
    names = rest[1:] if rest[0] not in ("exec", "run", "port") else rest[1:2]
    yield from (Named("Compose service", name, "", at, f"docker compose {rest[0]}") for name in names[:10])


def _operands(words: Sequence[str]) -> list[str]:
    """The words that are no options, nor values of those that are known to have one."""
    found: list[str] = []
    skip = False
    for word in words:
        if word == "--" or word.startswith("#"):
            break
        if skip or (word.startswith("-") and len(word) > 1):
            skip = not skip and word in _VALUED
        else:
            found.append(word)
    return found


def _option(words: Sequence[str], *names: str) -> str:
    for word, following in pairwise((*words, "")):
        if word in names:
            return following
        name, equals, value = word.partition("=")
        if equals and name in names:
            return value
    return ""


def judge(named: Named, project: Project) -> Judged | None:
    """Whether what a command names is declared here; None where this repository has nothing of the kind, or the
    namespace is another's."""
    if named.what == "Compose service":
        return _compose_service(named, project)
    if named.what == "ECS service":
        return _ecs_service(named, project)
    if named.what == "Application":
        return _application(named, project)
    objects = project.once("objects by kind and name", _objects)
    of_kind = objects.get(named.what)
    if not of_kind:
        return None
    spaces = project.once("namespaces of objects", lambda project: _spaces(objects))
    if named.namespace and (_OPEN.fullmatch(named.namespace) is None) and spaces and named.namespace not in spaces:
        return None
    there = any(_same(named.name, name) for name in of_kind)
    return Judged(there, tuple(sorted(of_kind)), "" if there else elsewhere(project, named.what))


def _objects(project: Project) -> dict[str, dict[str, set[str]]]:
    model = cast("type[Object] | None", Subject.registry.get("kubernetes.Object"))
    found: dict[str, dict[str, set[str]]] = {}
    for each in project.all(model) if model else ():
        if each.object_name:
            found.setdefault(each.kind, {}).setdefault(each.object_name, set()).add(each.namespace)
    return found


def _spaces(objects: dict[str, dict[str, set[str]]]) -> frozenset[str]:
    return frozenset(space for names in objects.values() for spaces in names.values() for space in spaces if space)


def _same(called: str, declared: str) -> bool:
    """Whether a name is the declared one, with what an overlay or a release may put before or behind it."""
    return called == declared or called.endswith(f"-{declared}") or called.startswith(f"{declared}-")


def _application(named: Named, project: Project) -> Judged | None:
    model = Subject.registry.get("kubernetes.Application")
    if model is None or not project.all(model):
        return None
    from gatekeeper.links.argocd_sets import every, made_by
    from gatekeeper.models.kubernetes import Application

    names = {each.object_name for each in every(project)}
    open_ = [each for each in project.all(Application) if each.made and not made_by(each, project).whole]
    doubt = (
        f"{open_[0].name} makes Applications that are not known here" if open_ else elsewhere(project, "Application")
    )
    there = named.name in names
    return Judged(there, tuple(sorted(name for name in names if name)), "" if there else _not_of_applications(doubt))


def _not_of_applications(doubt: str) -> str:
    """That an Application deploys from elsewhere is no reason why there should be more Applications."""
    return "" if doubt.startswith("Application ") and doubt.endswith("deploys from elsewhere") else doubt


def _ecs_service(named: Named, project: Project) -> Judged | None:
    model = cast("type[Resource] | None", Subject.registry.get("terraform.Resource"))
    found = project.by(model, "type").get("aws_ecs_service", []) if model else []
    if not found:
        return None
    names: set[str] = set()
    doubt = ""
    for each in (variant for resource in found for variant in (resource.alternatives() or (resource,))):
        name = each.node["name"]
        if name.expression:
            doubt = f"the name of {each.name} is known at run time"
        else:
            names.add(name.text)
    calls = Subject.registry.get("terraform.ModuleCall")
    remote = next((each for each in project.all(calls) if not getattr(each, "local", True)), None) if calls else None
    doubt = doubt or (f"{remote.name} may make more" if remote is not None else "")
    return Judged(named.name in names, tuple(sorted(names)), doubt)


def _compose_service(named: Named, project: Project) -> Judged | None:
    model = Subject.registry.get("compose.Service")
    names = {each.name for each in project.all(model)} if model else set()
    if not names:
        return None
    unread = next((fault.source.path for fault in project.faults if fault.technology == "compose"), "")
    return Judged(named.name in names, tuple(sorted(names)), f"{unread} cannot be read" if unread else "")


__all__ = ["Judged", "Named", "judge", "named_in"]
