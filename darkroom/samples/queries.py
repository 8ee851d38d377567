"""Golden queries of the sample library: what people would look for in it, and which samples answer.

Judged by reading titles, keywords and papers, as a person would who knows the pictures: 2 is what was meant, 1 is
related and welcome. A sample that is not named does not answer. Belongs here: queries and judgements. Does not belong
here: running or measuring them (`services.relevance`, `quality`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class GoldenQuery:
    """A query, and its judgements by file name. `like` is the sample that is given as an example."""

    text: str
    relevant: Mapping[str, int] = field(default_factory=dict)
    like: str | None = None

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return " ".join(part for part in (self.text, f"like {self.like}" if self.like else "") if part)


ASTRONAUTS = {"portrait-astronaut.jpg": 2, "astronaut-at-work.jpg": 2}
SPACE = {"rocket-launch.jpg": 2, "deep-field.jpg": 2, "moon.jpg": 2, **ASTRONAUTS}
HOPPER = {"grace-hopper.jpg": 2, "grace-hopper-speech.jpg": 2}
RECEIPTS = {"receipt-corner-cafe.jpg": 2, "receipt-hardware-store.jpg": 2}
COFFEE = {"coffee.jpg": 2, "coffee-for-mother.jpg": 2}
GARAGE = {"garage-1.jpg": 2, "garage-2.jpg": 2}

QUERIES = (
    # Words that stand in the library.
    GoldenQuery("lemon cake", {"recipe-lemon-cake.jpg": 2}),
    GoldenQuery("boarding pass lisbon", {"boarding-pass.jpg": 2}),
    GoldenQuery("invoice 2023", {"invoice-studio-lindqvist.png": 2}),
    GoldenQuery("lindenstrasse", {"street-sign-strasse.jpg": 2}),
    GoldenQuery("receipt", RECEIPTS),
    GoldenQuery("receipt hammer", {"receipt-hardware-store.jpg": 2, "receipt-corner-cafe.jpg": 1}),
    GoldenQuery("space", SPACE),
    GoldenQuery("motorcycle", GARAGE),
    GoldenQuery("portrait", {**ASTRONAUTS, **HOPPER, "invoice-studio-lindqvist.png": 1}),
    GoldenQuery("grace hopper", HOPPER),
    GoldenQuery("flat white croissant", {"receipt-corner-cafe.jpg": 2}),
    GoldenQuery("sprint planning", {"whiteboard-planning.jpg": 2}),
    GoldenQuery("museum of flight", {"museum-ticket.jpg": 2}),
    GoldenQuery("july 2019", {**COFFEE, **ASTRONAUTS, "receipt-corner-cafe.jpg": 2, "IMG-20190722-WA0003.jpg": 2}),
    GoldenQuery("travel china", {"summer-palace.jpg": 2, "boarding-pass.jpg": 1}),
    # What the library is about, in other words.
    GoldenQuery("kitten", {"chelsea.jpg": 2}),
    GoldenQuery("pet", {"chelsea.jpg": 2}),
    GoldenQuery("motorbike", GARAGE),
    GoldenQuery("baking a dessert", {"recipe-lemon-cake.jpg": 2}),
    GoldenQuery("restaurant bill", {"receipt-corner-cafe.jpg": 2}),
    GoldenQuery("flight to Norway", {"boarding-pass.jpg": 2}),
    GoldenQuery("grandma", {"letter-to-grandmother.jpg": 2}),
    GoldenQuery("temple in Asia", {"summer-palace.jpg": 2}),
    GoldenQuery("stars and galaxies", {"deep-field.jpg": 2, "moon.jpg": 1}),
    GoldenQuery("spaceship", {"rocket-launch.jpg": 2, "portrait-astronaut.jpg": 1, "astronaut-at-work.jpg": 1}),
    GoldenQuery("woman portrait", {**ASTRONAUTS, **HOPPER}),
    GoldenQuery("cosmonaut", ASTRONAUTS),
    GoldenQuery("blossom", {"flower.jpg": 2}),
    GoldenQuery("airplane ticket", {"boarding-pass.jpg": 2, "museum-ticket.jpg": 1}),
    GoldenQuery("biologist", {"conference-badge.jpg": 2}),
    # Both.
    GoldenQuery("space rocket", {**dict.fromkeys(SPACE, 1), "rocket-launch.jpg": 2}),
    GoldenQuery("coffee breakfast", {**COFFEE, "receipt-corner-cafe.jpg": 2}),
    GoldenQuery("cat photo", {"chelsea.jpg": 2}),
    GoldenQuery("garden summer letter", {"letter-to-grandmother.jpg": 2, "flower.jpg": 1}),
    # Likeness.
    GoldenQuery("", {"garage-2.jpg": 2}, like="garage-1.jpg"),
    GoldenQuery("", {"garage-1.jpg": 2}, like="garage-2.jpg"),
    GoldenQuery("", {"IMG-20190722-WA0003.jpg": 2, "astronaut-at-work.jpg": 1}, like="portrait-astronaut.jpg"),
    GoldenQuery("", {"coffee-for-mother.jpg": 2}, like="coffee.jpg"),
    # Everything at once.
    GoldenQuery("july 2019", {"IMG-20190722-WA0003.jpg": 2, "astronaut-at-work.jpg": 2}, like="portrait-astronaut.jpg"),
)
"""Queries the library answers."""

UNANSWERABLE = (
    GoldenQuery("zebra"),
    GoldenQuery("birthday balloons"),
    GoldenQuery("wedding dress"),
    GoldenQuery("snowboard"),
    GoldenQuery("tax return 1999"),
    GoldenQuery("violin lesson"),
    GoldenQuery("submarine"),
    GoldenQuery("chemistry homework"),
)
"""Queries to which "nothing relevant" is the answer."""
