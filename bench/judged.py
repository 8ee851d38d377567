"""Judged queries on the test data: which captioned photos and which papers answer, by words that say so.

A photo answers a query when at least two of the five people who described it used words for everything asked; one
alone is no evidence either way. Belongs here: queries and judgements. Does not belong here: measuring with them.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.corpus import TESTDATA

DOG = r"dogs?|pupp(y|ies)|poodles?|retrievers?|terriers?|collies?|hounds?|greyhounds?|bulldogs?|labradors?|canines?"
CHILD = r"child(ren)?|kids?|boys?|girls?|toddlers?|bab(y|ies)|infants?"
SEA = r"beach(es)?|ocean|sea|shore|seaside|surf|waves?|coast"
BICYCLE = r"bikes?|bicycles?|bik(er|ing)|bicycl\w+|cycl(ist|ing)\w*"
SNOW = r"snow\w*|ice|icy|sled\w*|ski\w*|winter"
MOUNTAIN = r"mountains?|cliffs?|peaks?|alps|hills?|mountainside"
WATER = r"water|lake|river|ocean|sea|pool|stream|pond|swim\w*|waves?"
BOAT = r"boats?|canoes?|kayak\w*|raft\w*|ships?|sail\w*"
WOODS = r"forest|woods|trees?|wooded"
PLAYGROUND = r"playground|slide|swings?|swinging"
BALL = r"football|soccer|rugby"

SEEN: dict[str, tuple[str, ...]] = {
    "dog": (DOG,),
    "puppy": (DOG,),
    "canine": (DOG,),
    "dogs playing": (DOG,),
    "black dog": (DOG, "black"),
    "dog in the water": (DOG, WATER),
    "dog running in the snow": (DOG, SNOW),
    "beach": (SEA,),
    "seaside": (SEA,),
    "ocean": (SEA,),
    "at the sea": (SEA,),
    "bicycle": (BICYCLE,),
    "cyclist": (BICYCLE,),
    "riding a bike": (BICYCLE,),
    "snow": (SNOW,),
    "mountains": (MOUNTAIN,),
    "hiking in the mountains": (MOUNTAIN,),
    "mountaineering": (rf"{MOUNTAIN}|climb\w*",),
    "rock climbing": (r"climb\w*",),
    "climber": (r"climb\w*",),
    "swimming": (r"swim\w*|pool",),
    "swimming pool": (r"swim\w*|pool",),
    "boat": (BOAT,),
    "kayaking on a river": (BOAT,),
    "vessel": (BOAT,),
    "children": (CHILD,),
    "kids playing": (CHILD,),
    "toddler": (CHILD,),
    "little girl": ("girls?",),
    "playground": (PLAYGROUND,),
    "child in a playground": (CHILD, PLAYGROUND),
    "football": (BALL,),
    "soccer match": (BALL,),
    "horse": ("horses?|pony|rodeo|bull",),
    "city street": ("street|sidewalk|city|road",),
    "forest": (WOODS,),
    "walk in the woods": (WOODS,),
    "skateboard": (r"skateboard\w*|skat\w+",),
    "motorcycle race": (r"motorcycl\w+|motorbik\w+|moto\w*",),
    "crowd of people": (r"crowd\w*|group|people",),
    "camping": (r"camp\w*|tents?",),
    "fishing": (r"fish\w*",),
    "tennis": ("tennis",),
    "waterfall": ("waterfalls?",),
}
"""Queries to captions: expressions of which a caption must use one each."""

READ = {
    "restaurant receipt": "RESTAURANT|RESTORAN|CUISINE|SUSHI|SEAFOOD|VEGETARIAN|CAFE|MCDONALD|KOREANREST|ROASTED",
    "fast food": "MCDONALD|BURGER|GOLDEN ARCHES",
    "japanese food": "SUSHI|JAPANESE",
    "medicine from the pharmacy": "PHARMACY|FARMASI|GUARDIAN|HEALTHCARE|BEMED",
    "hardware store": "HARDWARE|D.I.Y|PAPAN|GIN KEE",
    "supermarket groceries": "MART|GROCER|PASARAYA|SAFEWAY|MARKET|AEON",
    "bakery bread": "BAKER|GARDENIA|BREAD",
    "bank statement": "CHEQUING",
    "furniture store": "IKEA",
    "seafood dinner": "SEAFOOD|FISH|PRAWN",
}
"""Queries to papers: an expression their text must hold."""

NOWHERE = (
    "elephant",
    "passport",
    "quantum physics lecture",
    "wedding cake",
    "airplane cockpit",
    "spreadsheet of salaries",
    "chess tournament",
    "dentist appointment",
    "solar eclipse",
    "operating system kernel",
    "volcano eruption",
    "tax return for plumbing",
    "wind turbine",
    "chemistry homework",
    "penguin",
    "kangaroo",
    "hospital surgery",
    "violin concerto",
    "laptop computer",
    "stock market crash",
    "microscope slide of cells",
    "medieval castle",
    "space station",
    "kitchen recipe for lasagna",
    "christmas tree",
    "oil painting of a bishop",
    "parliament debate",
    "cactus in the desert",
    "submarine",
    "giraffe at the zoo",
    "birth certificate",
    "x-ray of a knee",
    "house for sale",
    "train ticket to Vienna",
    "love letter",
    "meteor shower",
    "opera singer",
    "",
)
"""Queries nothing in the test data answers."""


@dataclass(frozen=True)
class Judged:
    """A query and its judgements, one for every captioned photo and then every paper.

    Photos: how many of five captions answer. Papers: 3 or 0.
    """

    text: str
    grades: NDArray[np.int64]

    @property
    def certain(self) -> NDArray[np.bool_]:
        """Where the judgement is evidence."""
        return np.asarray(self.grades != 1)

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """What answers."""
        return np.asarray(self.grades >= 2)


def captions() -> list[list[str]]:
    """Five captions of every photo."""
    with (TESTDATA / "retrieval" / "MANIFEST.csv").open() as file:
        return [json.loads(row["label"])["captions"] for row in csv.DictReader(file)]


def papers() -> dict[str, str]:
    """The text that stands in pictures, by file, where somebody wrote it down."""
    with (TESTDATA / "ocr" / "MANIFEST.csv").open() as file:
        labels = {row["file"]: json.loads(row["label"]).get("text") for row in csv.DictReader(file)}
    return {file: text for file, text in labels.items() if text}


def judged() -> list[Judged]:
    """Every query with its judgements."""
    said, read = captions(), list(papers().values())
    made = []
    for text, wanted in SEEN.items():
        tests = [re.compile(rf"\b({one})\b") for one in wanted]
        seen = [sum(all(test.search(one.lower()) for test in tests) for one in five) for five in said]
        made.append(Judged(text, np.array([*seen, *[0] * len(read)])))
    for text, one in READ.items():
        made.append(Judged(text, np.array([0] * len(said) + [3 * bool(re.search(one, told.upper())) for told in read])))
    made += [Judged(text, np.zeros(len(said) + len(read), np.int64)) for text in NOWHERE]
    return made
