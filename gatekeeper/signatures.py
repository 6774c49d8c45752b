"""Detached SSH signatures: `ssh-keygen -Y sign -n gatekeeper -f KEY FILE` writes `FILE.sig`.

They are verified by ssh-keygen itself against the keys of `.gatekeeper/allowed_signers`. Both formats are OpenSSH's:
PROTOCOL.sshsig and the section ALLOWED SIGNERS of ssh-keygen(1).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ALLOWED = ".gatekeeper/allowed_signers"
NAMESPACE = "gatekeeper"

_SIZE = 1_000_000  # bytes; a signature has 300, an allowed signer 100
_PRINCIPALS = 8  # of one key


class Signature(NamedTuple):
    """Whether it is right and whose it is; with `checked` false nobody could tell. `words` say why it is not right."""

    valid: bool
    signer: str = ""
    words: str = ""
    checked: bool = True


_NOBODY = Signature(False, words="its signature is not verified: that needs ssh-keygen 8.2 or newer", checked=False)


def verify(data: bytes, signature: bytes, allowed_signers: bytes, signer: str = "") -> Signature:
    """Whether an allowed signer signed the data: `signer`, where that is one of them; else whoever did."""
    from tempfile import TemporaryDirectory

    if max(len(signature), len(allowed_signers)) > _SIZE:
        return Signature(False, words=f"the signature or {ALLOWED} is larger than {_SIZE // 1_000_000} MB")
    try:
        with TemporaryDirectory(prefix="gatekeeper-") as folder:
            for name, content in (("signature", signature), ("allowed", allowed_signers)):
                Path(folder, name).write_bytes(content)
            return _verified(Path(folder), data, signer)
    except OSError as error:
        return Signature(False, words=f"not verified: {error.strerror}", checked=False)


def _verified(folder: Path, data: bytes, signer: str) -> Signature:
    files = ("-f", "allowed", "-s", "signature")
    found = _keygen(folder, "find-principals", *files)
    if found is None:
        return _NOBODY
    if not found.right:
        return Signature(False, words=f"no key of {ALLOWED} made its signature: {found.said}")
    said = ""
    for name in dict.fromkeys((*filter(None, [signer]), *found.said.splitlines()[:_PRINCIPALS])):
        done = _keygen(folder, "verify", *files, "-n", NAMESPACE, "-I", name, feed=data)
        if done is None:
            return _NOBODY
        if done.right:
            return Signature(True, name)
        said = f"it is not what {name} signed: {done.said}"
    return Signature(False, words=said)


class _Done(NamedTuple):
    right: bool
    said: str


def _keygen(folder: Path, operation: str, *words: str, feed: bytes = b"") -> _Done | None:
    """What ssh-keygen says; None when it is not there, does not end, or knows no such operation."""
    import subprocess

    command = ("ssh-keygen", "-Y", operation, *words)
    try:
        done = subprocess.run(command, cwd=folder, input=feed, capture_output=True, timeout=30, check=False)
    except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
        return None
    except ValueError:  # a name that no program can be given
        return _Done(False, "")
    if done.returncode and b"usage:" in done.stderr:
        return None
    if done.returncode:
        return _Done(False, done.stderr.decode("utf-8", "replace").strip().partition("\n")[0])
    return _Done(True, done.stdout.decode("utf-8", "replace").strip())


def sign(path: Path, key: Path) -> bool:
    """Sign a file with a private key. ssh-keygen itself asks for what it needs, and says what is wrong."""
    import subprocess

    command = ("ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", key, path.resolve())
    try:
        return subprocess.run(command, check=False).returncode == 0
    except OSError:
        return False
