"""Documents of the sample library: text that can be searched, laid out like the papers people photograph."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Document:
    """A rendered page: its file name, lines of text (the first is the heading), size in pixels and how it was held."""

    name: str
    lines: tuple[str, ...]
    size: tuple[int, int]
    taken: str
    orientation: int = 1
    skew_degrees: float = 0.0
    keywords: tuple[str, ...] = ()


DOCUMENTS = (
    Document(
        "receipt-corner-cafe.jpg",
        (
            "CORNER CAFE",
            "12 Harbour Street",
            "Flat white 3.80",
            "Almond croissant 4.20",
            "Sparkling water 2.50",
            "TOTAL 10.50",
            "Paid by card",
            "Thank you and see you soon",
        ),
        (900, 1300),
        "2019:07:04 09:12:31",
        keywords=("receipt", "breakfast"),
    ),
    Document(
        "receipt-hardware-store.jpg",
        (
            "OAKWOOD HARDWARE",
            "Hammer 18.99",
            "Wood screws 50 pcs 6.49",
            "Sandpaper P120 3.25",
            "Paint brush 25 mm 4.10",
            "SUBTOTAL 32.83",
            "VAT 20% 6.57",
            "TOTAL 39.40",
        ),
        (900, 1300),
        "2021:03:20 15:47:02",
        orientation=6,
        keywords=("receipt",),
    ),
    Document(
        "boarding-pass.jpg",
        (
            "BOARDING PASS",
            "Passenger MARTA KELLER",
            "From LISBON to OSLO",
            "Flight NX 4127",
            "Gate B22  Seat 14A",
            "Boarding 06:35",
        ),
        (1300, 800),
        "2022:05:14 05:58:10",
        keywords=("travel",),
    ),
    Document(
        "recipe-lemon-cake.jpg",
        (
            "Lemon cake",
            "250 g flour",
            "200 g sugar",
            "4 eggs",
            "180 g butter",
            "Juice of two lemons",
            "Bake 45 minutes at 175 degrees",
        ),
        (1100, 1200),
        "2020:11:29 16:20:45",
        keywords=("recipe", "kitchen"),
    ),
    Document(
        "invoice-studio-lindqvist.png",
        (
            "INVOICE 2023-0417",
            "Studio Lindqvist",
            "Portrait session 240.00",
            "Prints, matte, 6 pieces 90.00",
            "Amount due 330.00",
            "Payable within 14 days",
        ),
        (1000, 1300),
        "2023:04:17 11:03:00",
        keywords=("invoice",),
    ),
    Document(
        "conference-badge.jpg",
        ("OPEN DATA SUMMIT", "Speaker", "Dr. Ines Caldeira", "Institute of Marine Biology", "Hall 3  Row F"),
        (1000, 700),
        "2018:10:11 08:45:27",
        keywords=("conference",),
    ),
    Document(
        "whiteboard-planning.jpg",
        ("Sprint planning", "1 search by words", "2 backup and restore", "3 import from camera", "Release on Friday"),
        (1400, 900),
        "2024:02:05 14:30:00",
        skew_degrees=4.0,
        keywords=("work",),
    ),
    Document(
        "letter-to-grandmother.jpg",
        (
            "Dear Grandmother",
            "The garden is full of tomatoes this summer.",
            "Paul has learnt to swim in the lake.",
            "We will visit you in September.",
            "With love, Anna",
        ),
        (1200, 1000),
        "2017:08:19 19:05:33",
        orientation=8,
        keywords=("letter", "family"),
    ),
    Document(
        "street-sign-strasse.jpg",
        ("Lindenstraße", "Fußgängerzone", "Lieferverkehr frei 6 bis 10 Uhr"),
        (1200, 700),
        "2016:05:01 12:00:09",
        keywords=("sign", "Berlin"),
    ),
    Document(
        "museum-ticket.jpg",
        ("MUSEUM OF FLIGHT", "Admit one", "Adult 14.00", "Valid on 09 August 2015", "Please keep your ticket"),
        (1000, 700),
        "2015:08:09 10:22:51",
        orientation=3,
        keywords=("ticket", "museum"),
    ),
)
