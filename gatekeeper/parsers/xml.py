"""XML as events, one after another, so that a document of any size is read in bounded memory.

Entities are refused. A DOCTYPE is not, but nothing that it names is fetched. What may nest or repeat without end in a
hostile document has a limit here: depth, and markup that is one single piece.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple, Protocol

DEPTH = 100
TEXT = 1_000  # so many characters of an element's text are kept
PIECE = 16  # so many chunks without one event make a piece that is too long: expat reads it anew with each of them
_CHUNK = 1_000_000
_BEGINS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")  # plain, or behind the mark of UTF-8 or UTF-16


class Malformed(Exception):
    """Not XML that can be read; `line` is where it ceases to be."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Event(NamedTuple):
    """An element begins (`opens`: it has its attributes) or ends (it has its text, where that was asked for).

    `line` is where it does.
    """

    opens: bool
    name: str
    line: int
    attributes: dict[str, str]
    text: str = ""


def events(stream: BinaryIO, texts: Collection[str] = ()) -> Iterator[Event]:
    """The elements of a document as they begin and end. Raises `Malformed`.

    `texts` names the elements whose own text is wanted: its beginning, without the blanks before it.
    """
    collector = _Collector(texts)
    parser = _parser(collector)
    idle = 0
    while chunk := stream.read(_CHUNK):
        _feed(parser, chunk)
        idle = 0 if collector.moved else idle + 1
        if idle >= PIECE:
            raise Malformed(f"a piece of markup longer than {PIECE} MB", parser.getLineNumber() or 1)
        yield from collector.take()
    _feed(parser, None)
    yield from collector.take()


def opening(head: bytes) -> list[Event]:
    """The elements that begin in the first bytes of a document; none when it is no XML. Never raises."""
    if not head.lstrip(b" \t\r\n").startswith(_BEGINS):
        return []
    collector = _Collector()
    with suppress(Malformed):  # the elements before the fault are what the file begins with all the same
        _feed(_parser(collector), head)
    return [event for event in collector.take() if event.opens]


class _Parser(Protocol):
    def feed(self, data: bytes, /) -> None: ...
    def close(self) -> None: ...
    def getLineNumber(self) -> int | None: ...


def _parser(collector: _Collector) -> _Parser:
    from defusedxml.expatreader import DefusedExpatParser

    # Without entities the only thing outside that can be referred to is the DTD, which the parser passes over.
    # Forbidding it would refuse every report that names its DTD.
    parser: Any = DefusedExpatParser(forbid_dtd=False, forbid_entities=True, forbid_external=False)
    parser.setContentHandler(collector)
    collector.parser = parser
    parser.feed(b"")  # or else the end of an empty document would be no fault
    made: _Parser = parser
    return made


def _feed(parser: _Parser, chunk: bytes | None) -> None:
    """Gives it a chunk, or its end. Raises `Malformed`."""
    from xml.sax import SAXParseException

    from defusedxml import DefusedXmlException

    try:
        if chunk is None:
            parser.close()
        else:
            parser.feed(chunk)
    except DefusedXmlException:
        raise Malformed("declares entities, which are not read", parser.getLineNumber() or 1) from None
    except SAXParseException as error:
        raise Malformed(f"not valid XML: {error.getMessage()}", error.getLineNumber() or 1) from None
    except (ValueError, LookupError) as error:  # an encoding that nobody knows, or that is not what it says
        raise Malformed(f"not valid XML: {error}", parser.getLineNumber() or 1) from None


class _Collector:
    """A handler of SAX events (https://docs.python.org/3/library/xml.sax.handler.html) that keeps them to be taken."""

    def __init__(self, texts: Collection[str] = ()) -> None:
        self.parser: _Parser
        self.moved = False
        self._texts = texts
        self._found: list[Event] = []
        self._open: list[str | None] = []  # the text so far of each open element; None where it is not wanted

    def take(self) -> list[Event]:
        found, self._found, self.moved = self._found, [], False
        return found

    def startElement(self, name: str, attributes: Any) -> None:
        name, line = name.rpartition(":")[2], self.parser.getLineNumber() or 1
        if len(self._open) >= DEPTH:
            raise Malformed(f"nests deeper than {DEPTH} levels", line)
        self._open.append("" if name in self._texts else None)
        self._found.append(Event(True, name, line, dict(attributes.items())))
        self.moved = True

    def endElement(self, name: str) -> None:
        text = self._open.pop()
        self._found.append(Event(False, name.rpartition(":")[2], self.parser.getLineNumber() or 1, {}, text or ""))
        self.moved = True

    def characters(self, content: str) -> None:
        self.moved = True
        text = self._open[-1]
        if text is not None and len(text) < TEXT:
            self._open[-1] = (text + content if text else content.lstrip())[:TEXT]

    def skippedEntity(self, name: str) -> None:
        raise Malformed(
            f"refers to the entity {name[:50]!r}, which is not declared here", self.parser.getLineNumber() or 1
        )

    def processingInstruction(self, target: str, data: str) -> None:
        """Of no meaning in a report."""

    def startDocument(self) -> None:
        """Says nothing."""

    endDocument = startDocument

    def startPrefixMapping(self, prefix: str | None, uri: str) -> None:
        """Names are read without their prefix: whatever stands before a failure, it is one."""

    def endPrefixMapping(self, prefix: str | None) -> None:
        """See `startPrefixMapping`."""
