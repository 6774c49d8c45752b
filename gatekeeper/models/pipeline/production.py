"""Which jobs deploy to production, and by what sign: the environment first, the trigger last."""

from __future__ import annotations

from gatekeeper.models.pipeline import environments
from gatekeeper.models.pipeline.environments import Class
from gatekeeper.models.pipeline.ir import EnvRef, Fact, Job, Production, class_of, text_of
from gatekeeper.models.pipeline.job_facts import OPEN

_VARIABLES = frozenset(
    "environment env env_name environment_name stage deploy_env deployment_environment target_env app_env "
    "deploy_environment target_environment tf_workspace cluster cluster_name namespace kube_namespace k8s_namespace "
    "app_name stack_name".split()
)


def of_job(job: Job) -> Production | None:
    """The judgement about one job. None when it deploys nothing, or to something that is not production."""
    facts = [fact for fact in job.facts if fact.kind == "deploy"]
    if not facts or "ephemeral" in job.kinds or job.never:
        return None
    sure = job.deploy is not None
    found = _by_environment(job)
    if found is _NOT:
        return None
    if found and not found.parametric and (other := _said_otherwise(job)):
        found = found._replace(certain=False, why=f"{found.why}, though {other}")
    found = found or _by_target(facts) or _by_variables(job) or _by_names(job)
    if found is _NOT:
        return None
    found = found or _by_ref(job) or _by_open_environment(job) or _by_trigger(job)
    if found is None or found is _NOT:
        return None
    by = facts[0].tool if facts[0].tool == OPEN else "its name alone"
    return found if sure else found._replace(certain=False, why=f"{found.why}; that it deploys is said by {by}")


def _by_open_environment(job: Job) -> Production | None:
    """An environment that is chosen when it runs may be production."""
    named = _environment(job)
    if named and named.values is None and named.cls is Class.UNKNOWN:
        return Production(False, f"environment {named.raw} may be production", True)
    given = next((name for name, values in job.pipeline.inputs.items() if name in _VARIABLES and values is None), "")
    return Production(False, f"{given}, which is known only when it runs, may be production", True) if given else None


_NOT = Production(False, "not production")


def _judged(cls: Class, why: str) -> Production | None:
    if cls is Class.PROD:
        return Production(True, why)
    if cls is Class.PARAMETRIC:
        return Production(True, f"{why} may be production", True)
    return None if cls is Class.UNKNOWN else _NOT


def _environment(job: Job) -> EnvRef | None:
    return job.environment or (job.pipeline.caller.environment if job.pipeline.caller else None)


def _by_environment(job: Job) -> Production | None:
    named = _environment(job)
    return _judged(named.cls, f"environment {named.raw}") if named else None


def _by_target(facts: list[Fact]) -> Production | None:
    classes = [_of_target(word) for fact in facts for word in fact.target.split()]
    said = [cls for cls in classes if cls not in (Class.UNKNOWN, Class.PUBLISH)]
    if not said:
        return None
    target = next((fact.target for fact in facts if fact.target), "")
    return _judged(environments.together(said), f"its target {target.split()[0] if target else ''}")


def _of_target(word: str) -> Class:
    """The class of a target. What a manifest is called says what it is of (`complete-demo.yaml`), its folder where."""
    folder, _, name = word.rpartition("/")
    if not name.endswith((".yaml", ".yml", ".json")) or not _VALUES.isdisjoint(environments.tokens(name)):
        return environments.classify(word)
    by_folder = environments.classify(folder) if folder else Class.UNKNOWN
    return environments.classify(name, place=False) if by_folder is Class.UNKNOWN else by_folder


_VALUES = frozenset("values vars var env envs environment config settings tfvars parameters params inventory".split())


def _by_variables(job: Job) -> Production | None:
    for variables in (job.env, job.pipeline.env, *(step.env_nodes for step in job.steps)):
        for name, node in variables.items():
            if name.lower() in _VARIABLES:
                judged = _judged(class_of(job.values(text_of(node))), f"{name}: {text_of(node)}")
                if judged:
                    return judged
    return _by_inputs(job)


def _said_otherwise(job: Job) -> str:
    """The variable of a whole job that names another environment than production; '' where none does."""
    for name, node in {**job.pipeline.env, **job.env}.items():
        if name.lower() in _VARIABLES and class_of(job.values(text_of(node))) is Class.NONPROD:
            return f"{name} is {text_of(node)}"
    return ""


def _by_inputs(job: Job) -> Production | None:
    """What is chosen or given under the name of an environment: by who starts the pipeline, or who calls it."""
    for name, values in job.pipeline.inputs.items():
        judged = _judged(class_of(values), f"{name}: {' or '.join(values)}") if name in _VARIABLES and values else None
        if judged:
            return judged
    return None


def _by_names(job: Job) -> Production | None:
    outer = job.root
    for name, why in (
        (_last(job.unresolved), job.unresolved), (job.id, f"job {job.id}"), (job.title, f"job {job.title}"),
        (job.stage, f"stage {job.stage}"),
        (outer.id, f"job {outer.id}"),
        (outer.pipeline.name.rpartition(".")[0], f"file {outer.pipeline.name}"),
        (outer.pipeline.title, f"workflow {outer.pipeline.title}"),
    ):  # fmt: skip
        judged = _judged(environments.classify(name, place=False), why) if name else None
        if judged:
            return judged
    return None


def _last(reference: str) -> str:
    """The file of a pipeline that is called, without its ref."""
    return reference.partition("@")[0].rpartition("/")[2].rpartition(".")[0]


def _by_ref(job: Job) -> Production | None:
    """A guard or a filter that names a production branch."""
    for guarded in (job, job.root):
        for name in guarded.guards:
            if environments.classify(name, place=False) is Class.PROD:
                return Production(True, f"if: names {name}")
    branches = {t.branch for t in job.root.starts if t.event == "push" and t.branch}
    if branches and all(environments.classify(name, place=False) is Class.PROD for name in branches):
        return Production(True, f"runs for pushes to {', '.join(sorted(branches))}")
    return None


def _by_trigger(job: Job) -> Production | None:
    refs = {trigger.ref for trigger in job.root.starts}
    if {"test", "tests", "e2e", "integration", "ci"} & set(environments.tokens(f"{job.id} {job.title} {job.stage}")):
        return None
    if refs & {"release", "tag"}:
        return Production(False, "it runs for releases or tags", guessed=True)
    if refs & {"push-default", "workflow_run"}:
        return Production(False, "it runs for the default branch", guessed=True)
    return None
