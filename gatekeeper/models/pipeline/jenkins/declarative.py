"""Declarative pipelines: the sections of `pipeline { }` and of its stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.models.pipeline.expressions import UNKNOWN, Value
from gatekeeper.models.pipeline.ir import Unresolved, Values
from gatekeeper.models.pipeline.jenkins.conditions import Condition
from gatekeeper.models.pipeline.jenkins.subjects import Agent, Around
from gatekeeper.node import Node
from gatekeeper.parsers import groovy
from gatekeeper.parsers.groovy import Assign, Block, Call, Expr, Leave
from gatekeeper.parsers.groovy_conditions import expression

if TYPE_CHECKING:
    from gatekeeper.models.pipeline.jenkins.build import Builder

_NEST = 40  # stages within stages
_FLAGS = frozenset({"beforeAgent", "beforeInput", "beforeOptions"})


def pipeline(builder: Builder, body: Block, around: Around) -> None:
    """The whole of a declarative pipeline."""
    for section in body.statements:
        if isinstance(section, Call):
            _section(builder, section)
    around = _options(builder, body, _environment(body, around), True)
    held = _agent(builder, body, around.held)
    around = around._replace(held=held)
    base, builder.base = builder.base, around
    stages_ = body.first("stages")
    if stages_ is not None and stages_.body is not None:
        stages(builder, stages_.body, around)
    post(builder, body, around)
    builder.base = base


def _section(builder: Builder, section: Call) -> None:
    if section.name == "libraries" and section.body is not None:
        for each in section.body.calls("lib"):
            builder.load_libraries(each)
    elif section.name == "parameters" and section.body is not None:
        parameters(builder, [s for s in section.body.statements if isinstance(s, Call)])
    elif section.name == "triggers" and section.body is not None:
        builder.pipeline.starts += tuple(s for s in section.body.statements if isinstance(s, Call))


def properties(builder: Builder, call: Call) -> None:
    """`properties([...])` of a scripted pipeline: parameters, triggers and options."""
    for each in (inner for expr in call.args for inner in expr.calls):
        inner = [c for expr in each.args for c in expr.calls]
        if each.name == "parameters":
            parameters(builder, inner)
        elif each.name == "pipelineTriggers":
            builder.pipeline.starts += tuple(inner)
        elif each.name == "disableConcurrentBuilds":
            builder.pipeline.serialised = each.place


def parameters(builder: Builder, calls: list[Call]) -> None:
    """What may be given at a start by hand, and what is taken when nobody gives anything."""
    from gatekeeper.models.pipeline.jenkins.build import literal

    values: dict[str, Values] = dict(builder.pipeline.parameters)
    defaults: dict[str, Value] = dict(builder.pipeline.defaults)
    for call in calls:
        name = literal(call.arg("name"))
        if not name:
            continue
        choices = call.arg("choices")
        if choices is not None:
            listed = [literal(item) for _, item in choices.items] or literal(choices).split("\n")
            values[name] = tuple(listed) if all(listed) else None
            defaults[name] = listed[0] if listed and listed[0] else UNKNOWN
            continue
        default = call.arg("defaultValue")
        values[name] = None
        defaults[name] = default.node.value if default is not None and default.node.known else UNKNOWN
        if default is None:
            defaults[name] = call.name != "booleanParam" and ""
    builder.pipeline.parameters, builder.pipeline.defaults = values, defaults


def _options(builder: Builder, body: Block, around: Around, whole: bool) -> Around:
    options = body.first("options")
    for each in options.body.statements if options is not None and options.body is not None else ():
        if not isinstance(each, Call):
            continue
        if whole:
            builder.pipeline.options = {**builder.pipeline.options, each.name: each}
        if each.name == "timeout":
            around = around._replace(bounded=True)
        elif each.name == "lock":
            around = around._replace(locked=each.place)
        elif each.name == "disableConcurrentBuilds" and whole:
            builder.pipeline.serialised = each.place
        elif each.name == "skipStagesAfterUnstable" and whole:
            builder.pipeline.skips_after_unstable = True
    return around


def _environment(body: Block, around: Around) -> Around:
    section = body.first("environment")
    if section is None or section.body is None:
        return around
    found = {s.name: s.value.node for s in section.body.statements if isinstance(s, Assign)}
    return around._replace(env={**around.env, **found})


def _agent(builder: Builder, body: Block, held: bool) -> bool:
    """Whether the steps hold an executor; and what the agent is, for the rules about agents."""
    agent = body.first("agent")
    if agent is None:
        return held
    word = next((_word(expr) for expr in agent.args), "")
    if word == "none":
        return False
    image = None
    kind = word or "label"
    for each in agent.body.statements if agent.body is not None else ():
        if isinstance(each, Call) and each.name in ("docker", "dockerfile", "kubernetes", "label", "node", "any"):
            kind = each.name
            inner = each.body.first("image") if each.body is not None else None
            if each.name == "docker":
                image = inner.arg("image", at=0) if inner is not None else each.arg("image", at=0)
    builder.agents.append(Agent(kind, image, agent.place))
    return True


def _word(expr: Expr) -> str:
    """`any` or `none`, which are written without quotes."""
    node = expr.node
    return node.expression.text if node.expression is not None else node.text


def stages(builder: Builder, body: Block, around: Around) -> None:
    """Stages that follow one another."""
    for statement in body.statements:
        if isinstance(statement, Call) and statement.name == "stage" and statement.body is not None:
            stage(builder, statement, statement.body, around)
        elif isinstance(statement, Call) and statement.name not in ("stage",):
            builder.statement(statement, around)


def stage(builder: Builder, call: Call, body: Block, around: Around) -> None:
    """One stage: its own steps, or the stages within it."""
    if builder.nested > _NEST:
        builder.lost.append(Unresolved(f"the stage {_title(call)}", call.place, "it is nested too deeply"))
        return
    builder.nested += 1
    name = _title(call)
    path, base = builder.path, builder.base
    builder.path = f"{path}/{name}" if path else name
    around = _options(builder, body, _environment(body, around), False)
    when_ = body.first("when")
    if when_ is not None and when_.body is not None:
        around = around._replace(conditions=(*around.conditions, when(when_.body)))
    question = body.first("input")
    asked = around  # an input directive comes before the agent of its stage
    around = around._replace(held=_agent(builder, body, around.held))
    builder.base = around
    place = call.args[0].node if call.args else call.place
    groups = [(each, body.first(each)) for each in ("stages", "parallel", "matrix")]
    inner = next((found.body for _, found in groups if found is not None and found.body is not None), None)
    kind = next((each for each, found in groups if found is not None), "")
    if inner is None:
        builder.close()
        builder.open(builder.path, place, around)
        if question is not None:
            builder.step(_question(question), asked)
        steps = body.first("steps")
        if steps is not None and steps.body is not None:
            builder.block(steps.body, around)
        post(builder, body, around)
        builder.close()
    else:
        builder.close()
        if question is not None:
            builder.open(builder.path, place, around)
            builder.step(_question(question), asked)
            builder.close()
        _inner(builder, kind, inner, around)
        post(builder, body, around)
    builder.path, builder.base = path, base
    builder.nested -= 1


def _inner(builder: Builder, kind: str, body: Block, around: Around) -> None:
    if kind == "stages":
        stages(builder, body, around)
        return
    if kind == "matrix":
        around = _axes(body, around)
        inside = body.first("stages")
        around = around._replace(held=_agent(builder, body, around.held))
        builder.base = around
        if inside is not None and inside.body is not None:
            stages(builder, inside.body, around)
        return
    start, ends = builder.last, list[str]()
    for each in body.calls("stage"):
        if each.body is not None:
            builder.last = start
            stage(builder, each, each.body, around)
            ends += builder.last
    builder.last = tuple(dict.fromkeys(ends)) or start


def _axes(body: Block, around: Around) -> Around:
    """The axes of a matrix, as variables that may have several values."""
    axes = body.first("axes")
    found = dict(around.env)
    for axis in axes.body.calls("axis") if axes is not None and axes.body is not None else ():
        if axis.body is None:
            continue
        name, values = axis.body.first("name"), axis.body.first("values")
        if name is not None and values is not None and name.args and name.args[0].node.known:
            place = values.place
            found[name.args[0].node.text] = Node([expr.node for expr in values.args], place.source, place.span)
    return around._replace(env=found)


def _title(call: Call) -> str:
    """The name of a stage, as far as it is written out."""
    if not call.args:
        return "stage"
    node = call.args[0].node
    return (groovy.template(node) or "stage") if node.expression is not None else node.text or "stage"


def _question(directive: Call) -> Call:
    """An `input` directive as the step that it comes to."""
    if directive.body is None:
        return directive
    named = [(s.name, s.args[0]) for s in directive.body.statements if isinstance(s, Call) and s.args]
    return directive._replace(named=tuple(named), body=None)


def post(builder: Builder, body: Block, around: Around) -> None:
    """The sections of `post`: each runs only for what the stage or the pipeline has come to."""
    section = body.first("post")
    if section is None or section.body is None:
        return
    job, last, base = builder.job, builder.last, builder.base
    for each in section.body.statements:
        if not isinstance(each, Call) or each.body is None:
            continue
        inner = around._replace(phase=each.name)
        if job is not None:
            builder.job = job
            builder.block(each.body, inner)
            continue
        path = builder.path
        builder.path = f"{path}/post {each.name}" if path else f"post {each.name}"
        builder.base = inner
        builder.last = last
        builder.block(each.body, inner)
        builder.path, builder.job = path, None
    builder.job, builder.last, builder.base = job, last, base


# when


def when(body: Block) -> Condition:
    """What a `when` asks for: all that stands in it."""
    return ("all", *_conditions(body, 0))


def _conditions(body: Block, depth: int) -> list[Condition]:
    if depth > 20:
        return [("open", "conditions that are nested too deeply")]
    return [_condition(each, depth) for each in body.statements if isinstance(each, Call) and each.name not in _FLAGS]


def _condition(call: Call, depth: int) -> Condition:
    name = call.name
    if name in ("allOf", "anyOf", "not"):
        inner = _conditions(call.body, depth + 1) if call.body is not None else []
        if name == "not":
            return ("not", ("all", *inner))
        return ("all" if name == "allOf" else "any", *inner)
    if name in ("branch", "tag"):
        pattern = call.arg("pattern", at=0)
        return (name, _known(pattern), _known(call.arg("comparator")) or "GLOB")
    if name == "buildingTag":
        return ("tagged",)
    if name == "changeRequest":
        comparator = _known(call.arg("comparator")) or "EQUALS"
        return ("change", tuple((key, _known(e), comparator) for key, e in call.named if key != "comparator"))
    if name == "environment":
        variable, value = _known(call.arg("name")), _known(call.arg("value"))
        return ("open", name) if variable is None or value is None else ("is", f"env.{variable}", value)
    if name == "triggeredBy":
        return ("cause", _known(call.arg("cause", at=0)) or "")
    if name == "expression" and call.body is not None:
        return _expression(call.body)
    if name == "equals":
        return _equals(call)
    return ("open", name)


def _known(expr: Expr | None) -> str | None:
    return expr.node.text if expr is not None and expr.node.known else None


def _expression(body: Block) -> Condition:
    if len(body.statements) != 1:
        return ("open", "expression")
    only = body.statements[0]
    if isinstance(only, Leave):
        value = only.value
        return ("groovy", expression(value.node.source.slice(value.node.span))) if value else ("open", "return")
    return ("groovy", expression(body.text))


def _equals(call: Call) -> Condition:
    left, right = call.arg("expected"), call.arg("actual")
    if left is None or right is None:
        return ("open", "equals")
    texts = [each.node.source.slice(each.node.span) for each in (left, right)]
    return ("groovy", expression(" == ".join(f"({text})" for text in texts)))
