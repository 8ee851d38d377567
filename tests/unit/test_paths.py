"""Escaped paths keep every byte and stay readable."""

import os

from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.paths import escape, unescape

NAMES = st.binary(min_size=1, max_size=60).filter(lambda name: b"\0" not in name)


@given(NAMES)
def test_any_name_survives_the_round_trip(name: bytes):
    assert os.fsencode(unescape(escape(name))) == name


@given(NAMES, NAMES)
def test_different_names_stay_different(one: bytes, other: bytes):
    assert (escape(one) == escape(other)) == (one == other)


def test_utf8_names_stay_readable_and_others_are_escaped():
    assert escape("Ferien/Zürich – été.jpg".encode()) == "Ferien/Zürich – été.jpg"
    assert escape(b"caf\xe9.jpg") == "caf%E9.jpg"
    assert escape(b"100%\n.jpg") == "100%25%0A.jpg"


def test_a_folder_reads_the_same_whatever_lies_in_it():
    folder = "Zürich 😀".encode()
    assert escape(folder + b"/caf\xe9.jpg") == escape(folder) + "/" + escape(b"caf\xe9.jpg") == "Zürich 😀/caf%E9.jpg"
