"""What the answer to a criterion rests on: files, evidence, a person's word, a waiver, or nothing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from gatekeeper.audit import Report
from gatekeeper.engine import Outcome
from gatekeeper.gates import Criterion, Status
from gatekeeper.models.attestations import Attestation
from gatekeeper.models.waivers import Excuse
from gatekeeper.renderers.page.markup import (
    NOTHING,
    Markup,
    badge,
    code,
    counted,
    element,
    joined,
    link,
    listed,
    pairs,
    spot,
    text,
)
from gatekeeper.renderers.places import is_repository
from gatekeeper.rule import Measure, Unknown, place

_SHOWN = 20  # of measures, places and what is not known, for each criterion

BINDINGS = {
    "signed": "bound to its commit by a signed manifest",
    "manifest": "bound to its commit by a manifest",
    "itself": "names its commit itself",
    "unbound": "bound to no commit",
}


class Proofs:
    """What each criterion of a report rests on."""

    def __init__(self, report: Report) -> None:
        self._today = report.project.today
        self._outcomes = {outcome.rule.id: outcome for outcome in report.outcomes}
        self._attestations = {place(each): each for each in report.project.all(Attestation)}

    def of(self, criterion: Criterion) -> Markup:
        return pairs(self._rows(criterion))

    def _rows(self, criterion: Criterion) -> Iterable[tuple[str, Markup]]:
        yield "Reason", text(criterion.reason) if criterion.reason != criterion.result else NOTHING
        yield "Next step", text(criterion.next_step)
        yield "Rests on", self._basis(criterion)
        if self._attestation(criterion) or criterion.basis != "evidence":
            yield "Counted", _counted(criterion)
        if criterion.beneath:
            yield "Without it", joined((badge(criterion.beneath.value), text(_without(criterion))))
        if criterion.waiver:
            yield "Waived", excuse(criterion.waiver, self._today)
        yield "Not known", self._unknowns(criterion)
        yield "At", self._places(criterion)

    def _basis(self, criterion: Criterion) -> Markup:
        attestation = self._attestation(criterion)
        if attestation:
            return attested(attestation, criterion.until)
        if criterion.basis == "nothing":
            return text("nothing: no file shows it, and nobody attests it")
        if criterion.basis == "evidence":
            return _counted(criterion) if criterion.measures else text(_NO_EVIDENCE)
        return text(self._static(criterion))

    def _attestation(self, criterion: Criterion) -> Attestation | None:
        """The attestation that settles it, or the one that was to and does not."""
        if criterion.attested:
            return criterion.attested
        return self._attestations.get(criterion.proof[0]) if criterion.proof else None

    def _static(self, criterion: Criterion) -> str:
        if not criterion.judged:
            return "what the files hold: nothing of its kind"
        outcome = self._outcomes.get(criterion.id)
        unknown = outcome.unknown if outcome else 0
        counts = [f"{criterion.judged:,} judged", f"{criterion.failed:,} at fault"]
        counts += [counted(criterion.advisories, "advisory", "advisories")] if criterion.advisories else []
        counts += [f"{unknown:,} not known"] if unknown else []
        return f"what the files hold: {', '.join(counts)}"

    def _unknowns(self, criterion: Criterion) -> Markup:
        outcome = self._outcomes.get(criterion.id)
        found = list(_not_known(outcome)) if outcome else []
        items = (_unknown(each, criterion.next_step) for each in found[:_SHOWN])
        return joined((listed(items, "places"), _more(found)))

    def _places(self, criterion: Criterion) -> Markup:
        """Where it stands, when neither findings, nor attestations, nor what is not known say so already."""
        outcome = self._outcomes.get(criterion.id)
        if self._attestation(criterion) or (outcome and (outcome.failed or outcome.unknown)):
            return NOTHING
        places = [at for at in dict.fromkeys(criterion.proof) if not is_repository(at)]
        return joined((listed(map(spot, places[:_SHOWN]), "places"), _more(places)))


def _counted(criterion: Criterion) -> Markup:
    counts = [_measure(each) for each in criterion.measures[:_SHOWN]]
    return joined((listed(counts, "measures"), _more(criterion.measures)))


_NO_EVIDENCE = "evidence: none that counts"


def _without(criterion: Criterion) -> str:
    return " is what it would be without the " + ("attestation" if criterion.status is Status.ATTESTED else "waiver")


def _not_known(outcome: Outcome) -> Iterable[Unknown]:
    return (unknown for verdict in outcome.verdicts for unknown in verdict.unknowns)


def _unknown(each: Unknown, said: str) -> Markup:
    """Where it is not known, and why, unless that has been said."""
    words = each.reason.value if each.message == said else f"{each.message} ({each.reason.value})"
    return joined((spot(place(each.at)), text(f": {words}")))


def _measure(each: Measure) -> Markup:
    facts = [f"made {moment(each.made)}" if each.made else "", BINDINGS.get(each.binding, each.binding)]
    said = text(", ".join(filter(None, facts)))
    return joined((element("strong", text(each.words)), Markup(" "), spot(place(each.at)), Markup(" "), said))


def _more(every: Iterable[object]) -> Markup:
    number = len(list(every)) - _SHOWN
    return element("p", text(f"and {number:,} more"), class_="note") if number > 0 else NOTHING


def moment(made: datetime.datetime) -> str:
    """A time of the evidence, in UTC."""
    return f"{made.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC" if made.tzinfo else f"{made:%Y-%m-%d %H:%M}"


def attested(each: Attestation, until: str) -> Markup:
    """A person's statement, whole."""
    who = " ".join(filter(None, (each.by, f"({each.role})" if each.role else "")))
    mail = f"<{each.email}>" if each.email and each.email != each.by else ""
    said = joined((
        element("p", text(f"the word of {' '.join(filter(None, (who, mail)))}")),
        element("blockquote", text(each.statement)),
    ))  # fmt: skip
    return joined((said, pairs((
        ("States", text(each.result)),
        ("Made on", text(str(each.on or ""))),
        ("Holds until", text(until)),
        ("About commit", code(each.at_commit) if each.at_commit else NOTHING),
        ("Covers", text(", ".join(each.covers))),
        ("Ticket", text(each.ticket)),
        ("Links", listed(map(link, each.links), "links")),
        ("Stands at", spot(place(each))),
    ))))  # fmt: skip


def excuse(each: Excuse, today: datetime.date) -> Markup:
    """A waiver of a criterion as a whole."""
    return pairs((
        ("Reason", text(each.reason)),
        ("By", text(each.by)),
        ("Approved by", text(each.approved_by)),
        ("Until", text(until(each, today))),
        ("Ticket", link(each.ticket)),
        ("Stands at", spot(place(each))),
    ))  # fmt: skip


def until(each: Excuse, today: datetime.date) -> str:
    """Its last day, and how far away that is."""
    if each.end is None:
        return "no end"
    days = (each.end - today).days
    if days < 0:
        return f"{each.end} ({counted(-days, 'day')} ago)"
    return f"{each.end} ({counted(days, 'day')} left)" if days else f"{each.end} (today is its last day)"
