"""The one text normaliser: what the index keeps of a text and what a query asks for are made by the same rules.

Belongs here: folding (NFKC, case, accents, ß and its like), splitting into words, their places in the original text.
Does not belong here: which texts of a photo are indexed (`services.documents`), ranking (`domain.scoring`).

No stop words and no stemming: "the who" is a band, and photos are searched in every language at once. Scripts written
without spaces are kept as single characters and as pairs; a query asks for the pairs, or for a lone character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

BREAK = (
    r"\u0001-/:-@\u005b-`{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df"
    r"\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u060d\u061b-\u061f\u066a-\u066d\u06d4\u0964\u0965"
    r"\u0e3f\u0e4f\u0e5a\u0e5b\u104a-\u104f\u166d\u166e\u17d4-\u17da\u1800-\u180f\u2000-\u206f\u207a-\u207e\u208a-\u208e"
    r"\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30a0\u30fb\ufe00-\ufe6f"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\ufff0-\uffff"
)
"""Body of a bracket expression: the characters between words, after folding. Stores use it too: keep it plain."""

BREAK_ASTRAL = r"\U0001d000-\U0001d3ff\U0001f000-\U0001faff\U000e0000-\U0010ffff"
"""The rest of `BREAK`, beyond the basic plane: musical signs, pictographs, tags, private use."""

UNSPACED = (
    r"\u0e01-\u0e3e\u0e40-\u0e4e\u0e81-\u0eff\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u3005-\u3007\u3021-\u302f"
    r"\u3031-\u303c\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf"
    r"\uac00-\ud7af\uf900-\ufaff"
)
"""Body of a bracket expression: scripts that are kept as characters and pairs."""

UNSPACED_ASTRAL = r"\U0001b000-\U0001b16f\U00020000-\U0003ffff"
"""The rest of `UNSPACED`, beyond the basic plane."""

LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
"""Letters with a usual plain spelling that Unicode does not decompose."""

_MARKS = re.compile(r"[\u0300-\u036f]")
_RUNS = re.compile(
    rf"(?P<unspaced>[{UNSPACED}{UNSPACED_ASTRAL}]+)|[^\x00\ud800-\udfff{BREAK}{BREAK_ASTRAL}{UNSPACED}{UNSPACED_ASTRAL}]+"
)
_UNSPACED = re.compile(f"[{UNSPACED}{UNSPACED_ASTRAL}]")
_LONE = re.compile(rf" [{UNSPACED}{UNSPACED_ASTRAL}](?= )")
_CLUSTERS = re.compile(r".[\u0300-\u036f\u1160-\u11ff\u3099\u309a\uff9e\uff9f]*", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """A normalised word and where it stands in the original text: characters `start` to `end`, exclusive."""

    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """`text` without differences of compatibility form, case and accent; spaces and punctuation stay.

    Idempotent. Kana keep their voicing marks: only U+0300–U+036F count as accents.
    """
    if text.isascii():
        return text.lower()
    return _fold(_fold(text))


def normalise(text: str) -> str:
    """All words of a text, in order, separated by single spaces: what a word property of the index holds."""
    return " ".join(word.text for word in words(text))


def query_words(text: str) -> tuple[str, ...]:
    """The words a query asks for, in order, without repeats: of an unspaced run of two or more only the pairs."""
    asked: dict[str, None] = {}
    for run, unspaced, _, _ in _runs(text):
        for word in _pairs(run) if unspaced and len(run) > 1 else (run,):
            asked[word] = None
    return tuple(asked)


def words(text: str) -> Iterator[Word]:
    """Every word of a text with its place in it; an unspaced run gives its characters, then its pairs."""
    for run, unspaced, starts, ends in _runs(text):
        if not unspaced:
            yield Word(run, starts[0], ends[-1])
            continue
        for position, character in enumerate(run):
            yield Word(character, starts[position], ends[position])
        for position, pair in enumerate(_pairs(run)):
            yield Word(pair, starts[position], ends[position + 1])


def adjacent(asked: Sequence[str], document: str) -> float:
    """How much of what is asked stands in a normalised document as it was asked: 0 to 1.

    The share of neighbours among the words asked that are neighbours there. A single word has none: 0. The
    characters that a document has of an unspaced run, before its pairs, stand between no neighbours.
    """
    said = f" {document} "
    if any(map(is_unspaced, asked)):
        said = _LONE.sub(lambda lone: lone[0] if lone[0][1:] in asked else "", said)
    neighbours = list(pairwise(asked))
    return sum(f" {first} {second} " in said for first, second in neighbours) / max(len(neighbours), 1)


def located(text: str, wanted: Iterable[str]) -> list[Word]:
    """Every place of the wanted normalised words in a text. Quick where it has none of them."""
    folded = fold(text)
    sought = {word for word in wanted if word in folded}
    return [word for word in words(text) if word.text in sought] if sought else []


def merged(found: Iterable[Word]) -> list[tuple[int, int]]:
    """Where words stand, as spans in order, merged where they touch."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted((word.start, word.end) for word in found):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def is_unspaced(word: str) -> bool:
    """Whether a normalised word is of a script written without spaces, so a character or a pair."""
    return _UNSPACED.match(word) is not None


def _fold(text: str) -> str:
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", plain.translate(LETTERS))


def _pairs(run: str) -> list[str]:
    return [run[position : position + 2] for position in range(len(run) - 1)]


def _runs(text: str) -> Iterator[tuple[str, bool, list[int], list[int]]]:
    folded, starts, ends = _located(text)
    for match in _RUNS.finditer(folded):
        yield match[0], match["unspaced"] is not None, starts[slice(*match.span())], ends[slice(*match.span())]


def _located(text: str) -> tuple[str, list[int], list[int]]:
    """The folded text, and for each of its characters where the characters it came from start and end."""
    if text.isascii():
        return text.lower(), list(range(len(text))), list(range(1, len(text) + 1))
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for cluster in _CLUSTERS.finditer(text):
        part = _fold_cluster(cluster[0])
        folded.append(part)
        starts.extend([cluster.start()] * len(part))
        ends.extend([cluster.end()] * len(part))
    return "".join(folded), starts, ends


@lru_cache(maxsize=16384)
def _fold_cluster(cluster: str) -> str:
    return fold(cluster)
