"""What the objectives of Sloth promise. https://sloth.dev/specs/default/"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.models.slo import Objective, Sloth, SlothObjective, filled
from gatekeeper.models.slo.openslo import judged
from gatekeeper.models.slo.targets import about
from gatekeeper.node import Unresolved


def objectives(subject: Sloth) -> Iterator[Objective]:
    for each in subject.objectives:
        target = filled(each.node["objective"])
        number = target.number if target.known else None
        share = None if number is None else round(float(number) / 100, 12)
        said = each.node["description"]
        words = f"{each.label} {said.text if said.known else ''}"
        indicator, limit = judged(about(words), share)
        service = subject.service
        yield Objective(
            target if target.present else each.node, form="Sloth", service=service.text if service.known else "",
            sli=each.label, indicator=indicator, comparator=">=", limit=limit, quantile=None,
            alerted=_alerts(each), words=words, shown=f"{number:g}%" if number is not None else "",
        )  # fmt: skip


def _alerts(each: SlothObjective) -> bool:
    """Whether Sloth makes an alert of it: a page and a ticket, unless both are switched off."""
    try:
        return not (each.disabled("page") and each.disabled("ticket"))
    except Unresolved:
        return True
