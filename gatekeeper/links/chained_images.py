"""Whether the image that a pipeline deploys is the one that it built and scanned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gatekeeper.links.image_chain import ALL, Image, Images, images_of
from gatekeeper.links.image_names import Name, same
from gatekeeper.models import Spot
from gatekeeper.models.pipeline import Fact, Job, Step, before
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.models.pipeline.levels import unclassified

_ROUNDS = 8  # of names for names


class Chain(NamedTuple):
    """What is wrong with the chain from build to deployment, at which place; no words where nothing is.

    `sure` where that is certain; `builds` whether there is an image at all.
    """

    builds: bool
    words: str
    at: Spot
    sure: bool = False
    see: tuple[tuple[Spot, str], ...] = ()


def chain_of(job: Job) -> Chain:
    """The chain of a deploying job; made once."""
    made: Chain | None = job.__dict__.get("_chain")
    if made is None:
        made = job.__dict__["_chain"] = _chain(job)
    return made


def _chain(job: Job) -> Chain:
    deploy = job.deploy
    facts = [fact for fact in before(job) if fact.kind in ("image", "imagepush") and fact.strength != "name"]
    if deploy is None or not facts:
        return Chain(False, "", job)
    seen = images_of((job, *job.ancestors()), until=deploy)
    all_jobs = job.root.pipeline.all_jobs
    scans = [fact for each in all_jobs for fact in each.facts if fact.kind == "imagescan"]
    unread = seen.open("image", "imagepush")
    if not scans:
        return _unscanned(job, facts[0], seen)
    if unread is not None or not seen.made:
        at = unread or facts[0]
        return Chain(True, f"what {at.step.words} calls the image that it builds could not be told", at.place)
    found = _scanned(job, seen)
    return found if found.words else _deployed(job, seen)


def _unscanned(job: Job, fact: Fact, seen: Images) -> Chain:
    name = seen.made[0].words if seen.made else "the image"
    at = seen.made[0].step if seen.made else fact.place
    words = f"no step scans {name}, which {job.root.id} deploys to production"
    open_steps = unclassified(job)
    remote = next((each.unresolved for each in (job.root, *job.ancestors()) if each.unresolved), "")
    scan = next((each for each in before(job) if each.kind == "scan"), None)
    if remote:
        return Chain(True, f"{words}; {remote} is in another repository", at)
    if scan is not None:
        return Chain(True, f"{words}; what {scan.step.words} scans is not known", at)
    if open_steps:
        many = "steps" if open_steps > 1 else "step"
        return Chain(True, f"no recognised scan of {name}; {open_steps} {many} before it could not be classified", at)
    return Chain(True, words, at, True)


def _scanned(job: Job, seen: Images) -> Chain:
    """Whether what is built is scanned before the deployment."""
    everything = images_of(job.root.pipeline.all_jobs)
    at = seen.made[-1]
    verdicts = [_among(image, seen.made, seen.tagged) for image in seen.scanned]
    if True in verdicts:
        scanned = [image for image, verdict in zip(seen.scanned, verdicts, strict=True) if verdict][-1]
        found = _once(job, seen, scanned)
        return found if found.words else _left_out(job, seen, scanned)
    opaque = seen.open("imagescan")
    if None in verdicts or opaque is not None:
        image = seen.scanned[verdicts.index(None)].words if None in verdicts else "what it scans"
        where: Spot = seen.scanned[verdicts.index(None)].step if None in verdicts else opaque.place if opaque else job
        return Chain(True, f"whether {image} is the image that {at.step.words} makes could not be told", where)
    later = [image for image in everything.scanned if _among(image, seen.made, everything.tagged)]
    if later:
        return Chain(True, f"{later[0].words} is scanned only after or beside its deployment", later[0].step, True)
    if everything.open("imagescan") is not None or (not seen.scanned and not everything.scanned):
        return Chain(True, f"which image is scanned could not be told; {at.words} is deployed", at.step)
    other = (seen.scanned or everything.scanned)[0]
    if other.name.open:
        return Chain(True, f"whether {other.words} is {at.words} could not be told", other.step)
    words = f"{other.words} is scanned, and {at.words} is built and deployed"
    return Chain(True, words, other.step, True, ((at.step, f"makes {at.words}"),))


def _left_out(job: Job, seen: Images, scanned: Image) -> Chain:
    """Whether an image is pushed beside the one that is scanned, and is not."""
    steps = {id(made.step) for made in seen.made if any(_among(scan, [made], seen.tagged) for scan in seen.scanned)}
    for each in seen.pushed:
        names = _names(each.name, seen.tagged)
        known = id(each.step) in steps or each.name.tag == ALL
        if not known and not any(made.name in names for made in seen.made if id(made.step) in steps):
            return Chain(
                True, f"{scanned.words} is scanned; {each.words}, which is pushed too, is not seen to be", each.step
            )
    return Chain(True, "", job)


def _among(image: Image, made: Sequence[Image], tagged: Sequence[tuple[Name, Name]]) -> bool | None:
    """Whether an image is one of those that were made, by its name, another name of it, or the digest of the build."""
    if any(_digest_of(image.name, each.step) for each in made):
        return True
    names = _names(image.name, tagged)
    verdicts = {same(name, each.name) for name in names for each in made}
    return True if True in verdicts else None if None in verdicts else False


def _names(name: Name, tagged: Iterable[tuple[Name, Name]]) -> list[Name]:
    """A name and all that mean the same image because one was tagged as the other."""
    found = [name]
    pairs = list(tagged)
    for _ in range(_ROUNDS):
        more = [b for pair in pairs for a, b in (pair, pair[::-1]) if a in found and b not in found]
        if not more:
            break
        found += more
    return found


def _digest_of(name: Name, step: Step) -> bool:
    """Whether a name is the digest or id that a build step puts out."""
    id = text_of(step.node["id"])
    ends = (f"steps.{id}.outputs.digest}}", f"{step.job.id}.{id}.outputs.digest}}", f"{id}.outputs.imageid}}")
    return bool(id) and (name.digest or name.repository).endswith(ends)


def _once(job: Job, seen: Images, scanned: Image) -> Chain:
    """Whether the image that was scanned is pushed, and not another build of it."""
    whole = {each.name.repository for each in seen.built}
    pushed = [
        each
        for each in seen.pushed
        if not (each.name.tag == ALL and each.name.repository in whole) and _follows(each.step, scanned.step)
    ]
    names = _names(scanned.name, seen.tagged)
    anew = next((each for each in seen.made if each.name in names and _built_after(each.step, scanned.step)), None)
    if anew:
        return Chain(True, f"{scanned.words} is scanned, and {anew.step.words} builds it after that", anew.step)
    if not pushed or any(_digest_of(scanned.name, each.step) or each.name in names for each in seen.pushed):
        return Chain(True, "", job)
    again = pushed[-1]
    if any(each.name in _names(again.name, seen.tagged) for each in seen.built):
        return Chain(True, "", job)  # one build under several names
    words = f"{scanned.words} is scanned, and {again.step.words} builds again what it pushes as {again.words}"
    return Chain(True, words, again.step)


def _built_after(step: Step, scan: Step) -> bool:
    """Whether a step builds an image, not only pushes one, after a scan."""
    return _follows(step, scan) and any(fact.kind == "image" and fact.strength != "name" for fact in step.facts)


def _follows(step: Step, other: Step) -> bool:
    return step.index > other.index if step.job is other.job else other.job in step.job.ancestors()


def _deployed(job: Job, seen: Images) -> Chain:
    """Whether what is deployed is what was made, where the deployment names it."""
    until = job.deploy
    assert until is not None
    own = images_of((job, *job.ancestors()))
    made = (*seen.made, *own.made)
    verdicts = [(image, _among(image, made, own.tagged)) for image in own.deployed]
    for image, verdict in verdicts:
        if verdict is None:
            return Chain(True, f"whether {image.words} is the image that was scanned could not be told", image.step)
        if verdict is False and any(each.name.repository == image.name.repository for each in made):
            words = f"{image.words} is deployed, and {made[-1].words} is built and scanned"
            return Chain(True, words, image.step, True, ((made[-1].step, f"makes {made[-1].words}"),))
    if verdicts and not any(verdict for _, verdict in verdicts):
        first = own.deployed[0]
        words = f"{first.words} is deployed, and whether anything scans it is not known: {made[-1].words} is built here"
        return Chain(True, words, first.step)
    if not own.deployed and not own.restarts:
        return Chain(True, f"which image {job.id} deploys is not written in the pipeline", until.place)
    return Chain(True, "", job)
