"""Who signed a manifest of evidence."""

from __future__ import annotations

from gatekeeper import signatures
from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.collect import Verify


def verifier(tree: Tree) -> Verify | None:
    """What verifies signatures against the repository's allowed signers; None where it names none that can be read."""
    try:
        allowed = bytes(tree.data(signatures.ALLOWED))
    except Unreadable:
        return None

    def verify(data: bytes, signature: bytes) -> str:
        found = signatures.verify(data, signature, allowed)
        if not found.valid:
            raise Unusable("wrong-subject" if found.checked else "tool-error", found.words)
        return found.signer

    return verify
