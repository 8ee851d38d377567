"""Lines of text in a photo."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
from sqlalchemy import Connection

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import keys
from darkroom.stores.state.publishing import publish_texts
from darkroom.testing.serving import add_library, publish_photo

State = Callable[[], AbstractContextManager[Connection]]
LINE = {"text": "TOTAL 12.40", "score": 0.97, "x": 0.1, "y": 0.8, "w": 0.5, "h": 0.05}
SHOWN = {"text": "TOTAL 12.40", "score": 0.97, "box": {"x": 0.1, "y": 0.8, "w": 0.5, "h": 0.05}}


def read(
    connection: Connection, photo: uuid.UUID, *lines: dict[str, object], library: uuid.UUID = DEFAULT_LIBRARY
) -> None:
    rows = [{"photo_id": photo, "library_id": library, "lines": list(lines)}] if lines else []
    publish_texts(connection, 1, [photo], rows)


def test_lines_come_with_their_boxes_in_reading_order(client: httpx.Client, state: State) -> None:
    with state() as connection:
        photo = publish_photo(connection, "receipt")
        read(connection, photo, {**LINE, "text": "Bäckerei"}, LINE)
    lines = client.get(f"/v1/photos/{photo}/text").json()["lines"]
    assert [line["text"] for line in lines] == ["Bäckerei", "TOTAL 12.40"]
    assert lines[1] == SHOWN


def test_a_photo_without_text_has_no_lines(client: httpx.Client, state: State) -> None:
    with state() as connection:
        photo = publish_photo(connection, "sky")
    assert client.get(f"/v1/photos/{photo}/text").json() == {"lines": []}


def test_lines_that_were_read_again_replace_those_before(client: httpx.Client, state: State) -> None:
    with state() as connection:
        photo, other = publish_photo(connection, "receipt"), publish_photo(connection, "other")
        for one in (photo, other):
            read(connection, one, LINE)
        read(connection, photo, {**LINE, "text": "TOTAL 12.90"})
    assert client.get(f"/v1/photos/{photo}/text").json()["lines"][0]["text"] == "TOTAL 12.90"
    assert client.get(f"/v1/photos/{other}/text").json()["lines"] == [SHOWN]


def test_lines_that_are_gone_are_gone(client: httpx.Client, state: State) -> None:
    with state() as connection:
        photo = publish_photo(connection, "receipt")
        read(connection, photo, LINE)
        read(connection, photo)
    assert client.get(f"/v1/photos/{photo}/text").json() == {"lines": []}


def test_the_text_of_a_strangers_photo_is_not_found(client: httpx.Client, state: State) -> None:
    with state() as connection:
        library = add_library(connection, keys.add_user(connection, "stranger of texts"))
        photo = publish_photo(connection, "theirs", library_id=library)
        read(connection, photo, LINE, library=library)
    assert client.get(f"/v1/photos/{photo}/text").status_code == 404
    assert client.get(f"/v1/photos/{uuid.uuid4()}/text").status_code == 404
