"""Pictures of the sample library: which package ships each, and what its camera would have written.

The dates, places and cameras are invented for the demonstration; the pictures and their licences are their packages'.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """What is made of a picture: a part of it (edges as fractions), mirrored, scaled, brightened (1: as it is)."""

    part: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    mirrored: bool = False
    scale: float = 1.0
    light: float = 1.0
    quality: int = 90


WHOLE = View()


@dataclass(frozen=True)
class Picture:
    """A picture of a package: where it is, what is made of it, and the metadata it gets."""

    package: str
    path: str
    name: str
    taken: str | None
    camera: tuple[str, str] | None
    place: tuple[float, float] | None = None
    title: str | None = None
    keywords: tuple[str, ...] = ()
    view: View = WHOLE


CANON = ("Canon", "EOS R6")
FUJI = ("FUJIFILM", "X-T4")
PIXEL = ("Google", "Pixel 7")

PICTURES = (
    Picture(
        "skimage",
        "data/astronaut.png",
        "portrait-astronaut.jpg",
        "2019:07:20 20:17:40",
        CANON,
        (28.5729, -80.6490),
        "Eileen Collins",
        ("portrait", "space"),
    ),
    Picture(
        "skimage",
        "data/coffee.png",
        "coffee.jpg",
        "2019:07:04 09:03:11",
        PIXEL,
        (55.6761, 12.5683),
        "Coffee",
        ("breakfast",),
    ),
    Picture(
        "skimage",
        "data/chelsea.png",
        "chelsea.jpg",
        "2020:12:24 17:30:00",
        PIXEL,
        (51.4875, -0.1687),
        "Chelsea the cat",
        ("cat",),
    ),
    Picture(
        "skimage",
        "data/rocket.jpg",
        "rocket-launch.jpg",
        "2014:09:16 02:11:05",
        CANON,
        (28.5623, -80.5774),
        "Launch at night",
        ("space",),
    ),
    Picture("skimage", "data/camera.png", "photographer.png", None, None, None, None, ()),
    Picture(
        "skimage",
        "data/motorcycle_left.png",
        "garage-1.jpg",
        "2021:03:20 16:02:00",
        FUJI,
        None,
        "Motorcycle",
        ("garage",),
    ),
    Picture(
        "skimage",
        "data/motorcycle_right.png",
        "garage-2.jpg",
        "2021:03:20 16:02:01",
        FUJI,
        None,
        "Motorcycle",
        ("garage",),
    ),
    Picture(
        "skimage",
        "data/hubble_deep_field.jpg",
        "deep-field.jpg",
        "1995:12:18 00:00:01",
        None,
        None,
        "Hubble deep field",
        ("space", "stars"),
    ),
    Picture("skimage", "data/coins.png", "coins.png", None, None, None, None, ()),
    Picture("skimage", "data/moon.png", "moon.jpg", "2018:01:31 05:29:00", CANON, (0.0, 6.6131), "Moon", ("space",)),
    Picture("skimage", "data/page.png", "page.png", "2018:10:11 09:30:00", PIXEL, None, None, ("paper",)),
    Picture(
        "sklearn",
        "datasets/images/china.jpg",
        "summer-palace.jpg",
        "2016:05:01 10:15:20",
        FUJI,
        (39.9999, 116.2755),
        "Temple",
        ("travel", "China"),
    ),
    Picture(
        "sklearn",
        "datasets/images/flower.jpg",
        "flower.jpg",
        "2017:08:19 11:40:12",
        FUJI,
        (47.3769, 8.5417),
        "Flower",
        ("garden",),
    ),
    Picture(
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "grace-hopper.jpg",
        "1984:01:20 10:00:00",
        None,
        None,
        "Grace Hopper",
        ("portrait",),
    ),
    Picture(
        "skimage",
        "data/astronaut.png",
        "astronaut-at-work.jpg",
        "2019:07:21 09:12:00",
        CANON,
        (28.5729, -80.6490),
        "Before the flight",
        ("space",),
        View((0.18, 0.0, 0.78, 0.6), mirrored=True, scale=2.0, light=1.15),
    ),
    Picture(
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "grace-hopper-speech.jpg",
        "1984:01:20 10:40:00",
        None,
        None,
        "The speech",
        (),
        View((0.1, 0.0, 0.95, 0.7), mirrored=True, light=0.9),
    ),
    # As a messenger hands pictures on: smaller, harder compressed, stripped of everything.
    Picture(
        "skimage",
        "data/astronaut.png",
        "IMG-20190722-WA0003.jpg",
        None,
        None,
        view=View(scale=0.75, quality=70),
    ),
    # A copy somebody gave another title: the same pixels in other bytes.
    Picture("skimage", "data/coffee.png", "coffee-for-mother.jpg", "2019:07:04 09:03:11", PIXEL, None, "For mother"),
    # A plain copy: the same bytes.
    Picture(
        "sklearn",
        "datasets/images/flower.jpg",
        "flower (1).jpg",
        "2017:08:19 11:40:12",
        FUJI,
        (47.3769, 8.5417),
        "Flower",
        ("garden",),
    ),
)
