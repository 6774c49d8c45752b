"""Charts to the objects that they make: by helm, where the person who asks wants it run, or by what was kept of it.

What comes out is judged where it is written: every value stands at the line of the template that made it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gatekeeper.discover import Skip
from gatekeeper.models import Subject
from gatekeeper.models.evidence import Evidence
from gatekeeper.models.evidence.facts import Manifests
from gatekeeper.models.files import File
from gatekeeper.node import Fault, Node
from gatekeeper.project import Project
from gatekeeper.proof import Held, Proofs, proofs

if TYPE_CHECKING:
    from gatekeeper.models.helm import Chart, Render
    from gatekeeper.models.helm.rendered import Doubt, Layout

RENDERERS = ("helm",)
FORMAT = "helm_template"
_UNRENDERED = "template-unrendered"
_BUILD = "bring what it depends on into charts/ (helm dependency build), and render it again"


def take_in(project: Project, renderers: Sequence[str] = ()) -> None:
    """Give the project what its charts are rendered to, and let go of the faults about their templates."""
    kept = any(evidence.format == FORMAT for evidence in project.all(Evidence))
    if not (renderers or kept) or ("helm.Chart" not in Subject.registry and not kept):
        return
    taking = _Taking(project)
    if "helm" in renderers and taking.charts:
        taking.run()
    if kept:
        taking.evidence(proofs(Manifests, project, [FORMAT]))
    taking.finish()


class _Taking:
    """What is to become of a project's charts: objects, and files that are not judged, with the reason."""

    def __init__(self, project: Project) -> None:
        from gatekeeper.models.helm import Chart

        self.project = project
        self.charts = project.all(Chart)
        self.made: set[str] = set()  # templates that made something
        self.replaced: set[str] = set()  # those of them that were read as they stand before
        self.subjects: list[Subject] = []

    def run(self) -> None:
        """Render with helm."""
        from gatekeeper.analysers import helm
        from gatekeeper.models.evidence.artifact import Unusable
        from gatekeeper.models.helm import Render
        from gatekeeper.models.helm.rendered import Doubt, Layout, text_of

        tops = [chart for chart in self.charts if not chart.library and not chart.is_part]
        try:
            version, outputs = helm.render(self.project.tree, [chart.folder for chart in tops], self.charts)
        except Unusable as error:
            for chart in tops:
                chart.render = Render("helm", trouble=(_UNRENDERED, str(error)))
            return
        for chart in self.charts:
            if chart.library and not chart.is_part:
                chart.render = Render(f"helm {version}")
        for output in outputs:
            by = f"helm {version}"
            if output.trouble:
                output.chart.render = Render(by, trouble=(_UNRENDERED, output.trouble))
            else:
                layout = Layout(output.chart, self.charts, self.project.tree)
                for_tests = " ci/" in output.values  # what these give for a password is nobody's
                doubt = Doubt(output.again, text_of(output.chart, self.project.tree) if for_tests else None)
                self.take(layout, output.text, helm.NAMESPACE, doubt, Render(by, output.values))

    def take(
        self, layout: Layout, text: str, namespace: str, doubt: Doubt, render: Render, *, whole: bool = True
    ) -> None:
        """Take in what one chart was rendered to. Unless it is the `whole`, templates without output stay open."""
        from gatekeeper.models import kubernetes
        from gatekeeper.models.helm import rendered

        nodes = list(rendered.objects(text, layout, namespace, doubt))
        places = [place for each in rendered.documents(text) if (place := layout.place(each.template))]
        broken = rendered.unreadable(text, layout)
        made = {place.source.path for place in places} - broken
        silent = self._silent(layout.chart, made | broken) if whole else []
        self.made |= made
        self.replaced |= made - {place.source.path for place in places if place.plain}
        self.subjects += [*kubernetes.of_nodes(nodes, layout.chart.folder or "."), *self._alerts(nodes, made)]
        self.subjects += self._dashboards(nodes, made)
        self.subjects += self._collectors(nodes)
        layout.chart.render = render._replace(templates=tuple(sorted(made)), silent=tuple(silent))

    def _silent(self, chart: Chart, heard: set[str]) -> list[str]:
        """The templates that make nothing with these values. One without a condition was left out, and stays open."""
        from gatekeeper.models.helm import rendered

        return [
            path
            for path in self._files(chart)
            if path not in heard
            and not rendered.is_partial(path)
            and not rendered.always_makes(path, chart, self.project.tree)
        ]

    def _files(self, chart: Chart) -> list[str]:
        from gatekeeper.models.helm.rendered import template_files

        return template_files(chart, self.charts, self.project.tree)

    def _alerts(self, nodes: list[Node], made: set[str]) -> Iterator[Subject]:
        """The rules of Prometheus in files that could not be read for them before."""
        faulty = (file for file in self.project.files if file.path in made)
        closed = {file.path for file in faulty if any(_is_open(fault, ("prometheus",)) for fault in file.faults)}
        if closed:
            from gatekeeper.models import prometheus

            for node in nodes:
                if node.source.path in closed and node["kind"] == "PrometheusRule":
                    yield from (each for each in prometheus.of_node(node) if isinstance(each, Subject))

    def _collectors(self, nodes: list[Node]) -> Iterator[Subject]:
        """The configurations of collectors, in files that showed none before."""
        holding = [node for node in nodes if node["kind"].known and node["kind"].text in _COLLECTS]
        if holding:
            from gatekeeper.models import telemetry

            seen = {each.path for each in self.project.all(telemetry.Collector)}
            for node in holding:
                if node.source.path not in seen:
                    yield from (each for each in telemetry.of_node(node) if isinstance(each, Subject))

    def _dashboards(self, nodes: list[Node], made: set[str]) -> Iterator[Subject]:
        """The dashboards in templates that could not be read for them before."""
        faulty = (file for file in self.project.files if file.path in made)
        closed = {file.path for file in faulty if any(_is_open(fault, ("dashboards",)) for fault in file.faults)}
        if closed:
            from gatekeeper.models import dashboards

            for node in nodes:
                if node.source.path in closed:
                    yield from (each for each in dashboards.of_node(node) if isinstance(each, Subject))

    def evidence(self, found: Proofs[Manifests]) -> None:
        """Take in what was kept of `helm template`, where it holds; what does not hold says why."""
        from gatekeeper.models.helm import Render

        for held in found.held:
            for name in held.facts.charts:
                self._of_one(held, name)
        for unknown in found.open:
            at = unknown.at
            facts = at.facts if isinstance(at, Evidence) else None
            names = facts.charts if isinstance(facts, Manifests) else ()
            for chart in self.charts:
                if (chart.chart_name in names or not names) and _is_wanting(chart):
                    chart.render = Render(FORMAT, trouble=(unknown.reason.value, unknown.message))

    def _of_one(self, held: Held[Manifests], name: str) -> None:
        """Take in one chart of evidence that holds: the one of that name that has all the templates."""
        from gatekeeper.models.helm import Render
        from gatekeeper.models.helm.rendered import Doubt, Layout, documents, makes_up, text_of

        evidence, facts, tree = held.evidence, held.facts, self.project.tree
        templates = {each.template for each in documents(facts.text) if each.template.startswith(f"{name}/")}
        named = [each for each in self.charts if each.chart_name == name and not each.is_part and not each.library]
        layouts = [Layout(chart, self.charts, tree) for chart in named]
        fitting = [layout for layout in layouts if all(layout.place(template) for template in templates)]
        if len(fitting) != 1:
            words = "more than one chart here has" if fitting else "no chart here has"
            message = f"{words} the name {name!r} and the templates that {evidence.path} is made of"
            fault = Fault(evidence.node.source, evidence.span, message, "wrong-subject", "helm")
            self.subjects.append(File(evidence.node.source, ["helm"], [fault]))
            return
        chart = fitting[0].chart
        if not _is_wanting(chart):
            return  # it was rendered just now
        code = evidence.origin.exit_code
        if code:
            chart.render = Render(FORMAT, trouble=("tool-error", f"{evidence.path}: the command exited with {code}"))
            return
        command = evidence.origin.command.split()
        doubt = Doubt(chart=text_of(chart, tree) if makes_up(chart, tree) else None)
        render = Render(evidence.path, " and ".join(["values.yaml", *_values(command)]))
        whole = not any(word == "-s" or word.startswith("--show-only") for word in command)
        namespace = next(_options(command, "-n", "--namespace"), "default")
        self.take(fitting[0], facts.text, namespace, doubt, render, whole=whole)

    def finish(self) -> None:
        """Put the objects in the place of the templates; list those that make nothing as not judged."""
        left_out: dict[str, str] = {}
        settled: set[str] = set(self.made)
        for chart in self.charts:
            if chart.render and chart.rendered:
                left_out |= self._idle(chart, chart.render)
                settled |= {chart.path, *(part.path for part in self._parts(chart))}
        left_out = {path: why for path, why in left_out.items() if path not in self.made}
        for file in self.project.files:
            if file.path in settled:
                file.faults = tuple(fault for fault in file.faults if not _is_open(fault))
        for chart in self.charts:
            if chart.render and chart.render.trouble:
                self._explain(chart, chart.render.trouble)
        known = {file.path for file in self.project.files} & left_out.keys()
        gone = self.replaced

        def unwanted(subject: Subject) -> bool:
            plain = subject.technology == "kubernetes" and not subject.variant
            return (subject.path in known and (plain or isinstance(subject, File))) or (subject.path in gone and plain)

        self.project.without(unwanted)
        self.project.add(self.subjects)
        skipped = (Skip(path, left_out[path]) for path in known)
        self.project.skipped = tuple(sorted((*self.project.skipped, *skipped)))

    def _parts(self, chart: Chart) -> Iterator[Chart]:
        prefix = posixpath.join(chart.folder, "charts") + "/"
        return (each for each in self.charts if each.is_part and each.folder.startswith(prefix))

    def _idle(self, chart: Chart, render: Render) -> dict[str, str]:
        """The files of a chart that make nothing, and why."""
        from gatekeeper.models.helm.rendered import is_partial

        if chart.library:
            return dict.fromkeys(self._files(chart), "a library makes nothing by itself")
        partials = dict.fromkeys(filter(is_partial, self._files(chart)), "a partial makes nothing by itself")
        return partials | dict.fromkeys(render.silent, f"renders to nothing with {render.values}")

    def _explain(self, chart: Chart, trouble: tuple[str, str]) -> None:
        """Say in the faults about a chart's templates why it is not rendered; in Chart.yaml where there are none."""
        reason, words = trouble
        message = f"{chart.name} is not rendered: {words}"
        about = {*self._files(chart), chart.path} - self.made
        for file in self.project.files:
            if file.path not in about:
                continue
            if file.path == chart.path and not any(_is_open(fault, ("kubernetes",)) for fault in file.faults):
                missing = Fault(chart.node.source, chart.span, message, _UNRENDERED, "kubernetes", _BUILD)
                file.faults = (*file.faults, missing)
            build = "helm dependency build" in words
            file.faults = tuple(
                fault._replace(reason=reason, message=message, hint=_BUILD if build else fault.hint)
                if _is_open(fault)
                else fault
                for fault in file.faults
            )


_TEMPLATES = ("kubernetes", "prometheus", "telemetry", "dashboards")  # whose subjects a rendered chart gives
_COLLECTS = frozenset({"ConfigMap", "OpenTelemetryCollector"})


def _is_open(fault: Fault, technologies: Iterable[str] = _TEMPLATES) -> bool:
    """Whether a fault is about a template that is not rendered."""
    return fault.reason == _UNRENDERED and fault.technology in technologies


def _is_wanting(chart: Chart) -> bool:
    return not chart.library and not chart.is_part and not chart.rendered


def _values(command: Sequence[str]) -> list[str]:
    """What a command adds to a chart's own values: the files; of what it sets only the names."""
    given = [*_options(command, "-f", "--values"), *(each.partition("=")[0] for each in _options(command, "", "--set"))]
    return [posixpath.normpath(each) for each in given[:5]]


def _options(command: Sequence[str], short: str, long: str) -> Iterator[str]:
    for at, word in enumerate(command):
        if word and word in (short, long) and at + 1 < len(command):
            yield command[at + 1]
        elif word.startswith(f"{long}="):
            yield word.removeprefix(f"{long}=")
