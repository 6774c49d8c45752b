"""The way to production as a person would draw it: lines for a terminal, and a Mermaid diagram."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from gatekeeper.links.delivery_paths import DeliveryPath, Passage, Stop, Synced
from gatekeeper.models.pipeline import Job
from gatekeeper.renderers.places import MASK, Excerpts
from gatekeeper.renderers.sanitise import visible

_WIDTH = 110
_LISTED = 8  # names of jobs before one
_MOST = 60  # jobs of one diagram: larger ones are drawn by nobody


def text(paths: Sequence[DeliveryPath], applications: Sequence[Synced] = ()) -> str:
    """Every pipeline with its jobs in order and, at each deployment to production, what it stands behind."""
    drawn = [path for path in paths if path.deploys or path.reaches_production]
    parts = ["\n".join(_lines(path)) for path in drawn]
    parts += ["\n".join(_application(each)) for each in applications]
    others = [path for path in paths if path not in drawn]
    if others:
        parts.append("\n".join(("no deployment in", *(f"  {_other(path)}" for path in others))))
    return "\n\n".join(parts)


def mermaid(paths: Iterable[DeliveryPath], applications: Sequence[Synced] = ()) -> str:
    """A flowchart of the pipelines that deploy and of the Applications that are synced; '' when there is neither."""
    drawn = [path for path in paths if path.deploys or path.reaches_production]
    lines = [line for number, path in enumerate(drawn) for line in _chart(path, f"p{number}")]
    for number, each in enumerate(applications[:_MOST]):
        left, right = ("{{", "}}") if each.production else ("[", "]")
        source, label = _quoted(each.what), _quoted(each.application.name, f"synced {each.how}", each.to)
        lines.append(f"  s{number}([{source}]) --> a{number}{left}{label}{right}")
    return "\n".join(("flowchart LR", *lines)) if lines else ""


# lines


def _lines(path: DeliveryPath) -> Iterator[str]:
    pipeline = path.pipeline
    title = pipeline.title if pipeline.title != pipeline.path else ""
    yield f"{_said(pipeline.path)}  {_said(title)}".rstrip()
    yield f"  starts on {', '.join(map(_said, path.starts)) or 'nothing'}"
    for missing in pipeline.unresolved:
        yield f"  not read: {_said(missing.text)} ({_said(missing.why)})"
    width = max((len(_indented(stop)) for stop in path.stops), default=0)
    for stop in path.stops:
        yield ""
        yield from _wrapped(f"  {_indented(stop):{width}}  ", _does(stop))
        if stop.job.needs:
            yield from _wrapped(f"  {'':{width}}  ", f"after {_listed(stop.job.needs)}")
        for passage in stop.passages:
            yield from _wrapped(f"  {'':{width}}  {passage.asks:9} {passage.word.upper():12} ", _because(passage))


def _listed(names: Sequence[str]) -> str:
    """The jobs that another waits for; of the many before a stage, the first ones."""
    shown = names if len(names) <= _LISTED else names[: _LISTED - 2]
    left = f" and {len(names) - len(shown)} others" if len(shown) < len(names) else ""
    return f"{', '.join(map(_said, shown))}{left}"


def _application(each: Synced) -> Iterator[str]:
    subject = each.application
    yield f"{_said(subject.path)}:{subject.span.line}  {_said(subject.name)} {subject.seen_as}".rstrip()
    yield from _wrapped("  syncs     ", _said(each.what))
    yield from _wrapped("  to        ", f"{_said(each.to)}{'  -> production' if each.production else ''}")
    yield from _wrapped("  happens   ", _said(each.how))


def _indented(stop: Stop) -> str:
    return f"{'  ' * stop.depth}{_said(stop.job.id)}"


def _does(stop: Stop) -> str:
    if stop.job.unresolved:
        words = f"runs {_said(stop.job.unresolved)}, which is not in this repository"
    elif stop.job.called:
        words = f"runs {_said(stop.job.called.path)}"
    else:
        words = ", ".join(stop.kinds) or "nothing that is recognised"
    if not stop.production:
        where = stop.job.environment
        return f"{words}  (environment {_said(where.raw)})" if where else words
    sure = "" if stop.production.certain else ", perhaps"
    return f"{words}  -> production{sure} ({_said(stop.production.why)})"


def _because(passage: Passage) -> str:
    places = [f"{_said(path)}:{line}" for path, line in dict.fromkeys(passage.places[:2])]
    return "  ".join(filter(None, (*places, _said(passage.why))))


def _wrapped(head: str, words: str) -> Iterator[str]:
    room = max(_WIDTH - len(head), 40)
    first, *rest = textwrap.wrap(words, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{head}{first}".rstrip()
    yield from (f"{' ' * len(head)}{line}" for line in rest)


def _other(path: DeliveryPath) -> str:
    kinds = dict.fromkeys(kind for stop in path.stops for kind in stop.kinds)
    said = ("deploy (by a name alone)" if kind == "deploy" else kind for kind in kinds)
    return f"{_said(path.pipeline.path)}  {', '.join(said) or 'nothing that is recognised'}"


def _said(words: str) -> str:
    return MASK if Excerpts.suspicious(words) else visible(words)


# diagram


def _chart(path: DeliveryPath, prefix: str) -> Iterator[str]:
    shown = path.stops[:_MOST]
    ids = {id(stop.job): f"{prefix}j{number}" for number, stop in enumerate(shown)}
    yield f"  subgraph {prefix}[{_quoted(path.pipeline.title or path.pipeline.name)}]"
    yield f"    {prefix}start([{_quoted(', '.join(path.starts) or 'nothing starts it')}])"
    for stop in shown:
        yield f"    {ids[id(stop.job)]}{_node(stop)}"
        sources = [ids[id(each)] for each in _sources(stop.job) if id(each) in ids] or [f"{prefix}start"]
        yield from (f"    {source} --> {ids[id(stop.job)]}" for source in sources)
    left = len(path.stops) - len(shown)
    if left:
        yield f"    {prefix}more[{_quoted(f'{left} more jobs')}]"
    yield "  end"


def _sources(job: Job) -> Sequence[Job]:
    """The jobs that an arrow to it comes from: those it needs, else the one that calls its pipeline."""
    return job.needed or ((job.pipeline.caller,) if job.pipeline.caller else ())


def _node(stop: Stop) -> str:
    kinds = ", ".join(stop.kinds)
    lines = [stop.job.title or stop.job.id, kinds, *(f"{each.asks}: {each.word}" for each in stop.passages)]
    label = _quoted(*filter(None, lines))
    return f"{{{{{label}}}}}" if stop.production else f"[{label}]"


def _quoted(*lines: str) -> str:
    """A label: nothing in it is markup of the diagram or of HTML."""
    shown = (visible(MASK if Excerpts.suspicious(line) else line) for line in lines)
    return f'"{"<br/>".join(map(_escaped, shown))}"'


def _escaped(line: str) -> str:
    return "".join(each if each.isalnum() or each in " .,:/_-()" else f"#{ord(each)};" for each in line)
