"""Search over HTTP beyond words: meaning, likeness, people, and facets."""

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, select

from api.dependencies import Parts
from darkroom.services import examples
from darkroom.stores.state import keys, schema
from darkroom.testing.conformance.embedders import scene
from darkroom.testing.readers import jpeg
from darkroom.testing.serving import add_library, add_person
from tests.api.conftest import Publish

State = Callable[[], AbstractContextManager[Connection]]
BYTES = {"Content-Type": "application/octet-stream"}


def search(client: httpx.Client, **asked: object) -> dict[str, Any]:
    return client.post("/v1/search", json=asked).raise_for_status().json()


def facets(client: httpx.Client, **asked: object) -> dict[str, Any]:
    return client.post("/v1/search/facets", json=asked).raise_for_status().json()


def ids(page: dict[str, Any]) -> list[str]:
    return [item["photo"]["id"] for item in page["items"]]


def kinds(item: dict[str, Any]) -> list[str]:
    return [reason["kind"] for reason in item["reasons"]]


@pytest.fixture
def stranger(
    state: State, client_of: Callable[[str], httpx.Client], make_key: Callable[..., str]
) -> tuple[httpx.Client, uuid.UUID]:
    """Somebody else, with a library of their own."""
    with state() as connection:
        user = keys.add_user(connection, f"stranger {uuid.uuid4()}")
        library = add_library(connection, user)
    return client_of(make_key("admin", user_id=user)), library


def upload(client: httpx.Client, seed: int) -> str:
    answer = client.post("/v1/search/examples", content=jpeg(scene(seed)), headers=BYTES)
    assert answer.status_code == 201, answer.text
    return answer.json()["example_id"]


def test_a_text_is_found_by_what_documents_mean(client: httpx.Client, publish: Publish) -> None:
    wanted = publish("IMG_1.jpg", title="Chelsea", meant="kitten on a sofa")
    publish("IMG_2.jpg", title="Beach", meant="waves at the sea")
    (item,) = search(client, text="kitten sofa")["items"]
    assert item["photo"]["id"] == wanted
    assert kinds(item) == ["meaning"]
    assert 0 < item["score"] < 1


def test_a_photo_found_by_words_and_meaning_names_both_and_comes_first(client: httpx.Client, publish: Publish) -> None:
    both = publish("IMG_1.jpg", title="kitten", meant="kitten sofa")
    meaning = publish("IMG_2.jpg", title="Chelsea", meant="kitten sofa")
    words = publish("IMG_3.jpg", title="kitten", meant="waves at the sea")
    page = search(client, text="kitten sofa")
    assert ids(page)[0] == both
    assert set(ids(page)) == {both, meaning, words}
    assert set(kinds(page["items"][0])) == {"words", "meaning"}
    scores = {item["photo"]["id"]: item["score"] for item in page["items"]}
    assert scores[both] > max(scores[meaning], scores[words])


def test_an_example_photo_finds_photos_like_it_and_not_itself(client: httpx.Client, publish: Publish) -> None:
    mine, alike, _ = (publish(f"{number}.jpg", look=look) for number, look in enumerate((1, 1, 2)))
    page = search(client, photo_id=mine)
    assert ids(page) == [alike]
    assert kinds(page["items"][0]) == ["look"]
    assert page["degraded"] == []


def test_an_uploaded_example_finds_photos_like_it_and_nobody_elses(
    client: httpx.Client, publish: Publish, stranger: tuple[httpx.Client, uuid.UUID]
) -> None:
    wanted = publish("a.jpg", look=3)
    publish("b.jpg", look=4)
    example = upload(client, 3)
    assert ids(search(client, example_id=example)) == [wanted]
    answer = stranger[0].post("/v1/search", json={"example_id": example})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert upload(client, 3) == example


def test_everything_together_restricts_and_ranks(client: httpx.Client, publish: Publish, state: State) -> None:
    best = publish("a.jpg", title="sunset", look=1, rating=5)
    worse = publish("b.jpg", title="sunset", look=2, rating=5)
    alone = publish("c.jpg", title="sunset", look=1, rating=5)
    unrated = publish("d.jpg", title="sunset", look=1)
    with state() as connection:
        anna = add_person(connection, "Anna Berg", [best, worse, unrated])
    asked = {"text": "sunset", "example_id": upload(client, 1), "person_id": str(anna), "filter": "rating = 5"}
    page = search(client, **asked)
    assert ids(page) == [best, worse]
    assert alone not in ids(page)
    assert set(kinds(page["items"][0])) == {"words", "look", "person", "filter"}
    assert "Anna Berg" in [reason["detail"] for reason in page["items"][0]["reasons"]]


def test_a_persons_photos_are_listed_along_the_timeline(client: httpx.Client, publish: Publish, state: State) -> None:
    old, new, other = (
        publish(f"{day}.jpg", taken_local=datetime.fromisoformat(f"2024-05-0{day}T12:00:00")) for day in (1, 2, 3)
    )
    with state() as connection:
        anna = add_person(connection, None, [old, new])
    first = search(client, person_id=str(anna), limit=1)
    second = search(client, person_id=str(anna), limit=1, cursor=first["next_cursor"])
    assert ids(first) + ids(second) == [new, old]
    assert other not in ids(second)
    assert first["items"][0]["reasons"] == [
        {"kind": "person", "detail": "the person asked for", "score": 1.0, "property": None, "highlights": []}
    ]


def test_a_name_finds_the_persons_photos_at_once_and_only_by_whole_words(
    client: httpx.Client, publish: Publish, state: State
) -> None:
    beach, kitchen = publish("a.jpg", title="beach"), publish("b.jpg", title="kitchen")
    publish("c.jpg", title="beach")
    with state() as connection:
        add_person(connection, "Änne Berg", [beach, kitchen])
        add_person(connection, "Bernd", [kitchen])
    page = search(client, text="anne beach")
    assert ids(page)[0] == beach
    assert set(kinds(page["items"][0])) == {"words", "person"}
    assert "Änne Berg" in [reason["detail"] for reason in page["items"][0]["reasons"]]
    assert set(ids(search(client, text="anne"))) == {beach, kitchen}
    assert ids(search(client, text="berger")) == []


def test_names_are_neither_found_nor_told_without_the_scope_for_people(
    client: httpx.Client,
    client_of: Callable[[str], httpx.Client],
    make_key: Callable[..., str],
    publish: Publish,
    state: State,
) -> None:
    photo = publish("a.jpg", title="beach")
    with state() as connection:
        anna = str(add_person(connection, "Anna Berg", [photo]))
    asked = {"text": "anna beach", "person_id": anna}
    for scopes, told in [
        (("admin",), True),
        (("photos:search",), False),
        (("photos:search", "people:read"), True),
        (("photos:search", "photos:read"), False),
    ]:
        asker = client_of(make_key(*scopes))
        assert ids(search(asker, text="anna")) == ([photo] if told else [])
        for one in (asked, {"text": "beach anna"}, {"person_id": anna}):
            page, found = search(asker, **one), facets(asker, **one)
            assert ids(page) == [photo]
            assert ("Anna Berg" in str(page)) == told
            assert [person["name"] for person in found["people"]] == (["Anna Berg"] if told else [])


def test_hidden_people_are_not_found_by_name(client: httpx.Client, publish: Publish, state: State) -> None:
    photo = publish("a.jpg")
    with state() as connection:
        add_person(connection, "Anna", [photo], hidden=True)
    assert ids(search(client, text="anna")) == []


def test_a_hidden_name_is_not_told_beside_one_that_is_not_hidden(
    client: httpx.Client, publish: Publish, state: State
) -> None:
    photo = publish("a.jpg")
    with state() as connection:
        add_person(connection, "Anna Berg", [photo])
        add_person(connection, "Anna Muster", [photo], hidden=True)
    (hit,) = search(client, text="anna")["items"]
    assert [reason["detail"] for reason in hit["reasons"]] == ["Anna Berg"]


def test_strangers_names_faces_and_photos_find_nothing(
    client: httpx.Client, publish: Publish, state: State, stranger: tuple[httpx.Client, uuid.UUID]
) -> None:
    other, library = stranger
    theirs = publish("theirs.jpg", library_id=library, title="sunset", look=1)
    mine = publish("mine.jpg", title="sunset", look=1)
    with state() as connection:
        person = add_person(connection, "Anna", [theirs], library_id=library)
    assert ids(search(client, text="anna")) == []
    assert ids(search(other, text="anna")) == [theirs]
    for asked in ({"person_id": str(person)}, {"photo_id": theirs}):
        for route in ("/v1/search", "/v1/search/facets"):
            answer = client.post(route, json=asked)
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert ids(search(client, photo_id=mine)) == []
    assert facets(client, text="sunset")["photos"] == 1


@pytest.mark.parametrize("limit", [1, 4, 200])
def test_pages_of_a_hybrid_search_show_every_result_once_in_order(
    client: httpx.Client, publish: Publish, limit: int
) -> None:
    mine = publish("mine.jpg", look=1)
    made = {
        publish(f"{number}.jpg", title="sunset" if number % 2 else "", look=1 if number % 3 else None)
        for number in range(20)
        if number % 2 or number % 3
    }
    asked: dict[str, Any] = {"text": "sunset", "photo_id": mine, "limit": limit}
    page = search(client, **asked)
    items = page["items"]
    while page["next_cursor"]:
        page = search(client, **asked, cursor=page["next_cursor"])
        items += page["items"]
    assert len(items) == len(made)
    assert {item["photo"]["id"] for item in items} == made
    assert [item["score"] for item in items] == sorted((item["score"] for item in items), reverse=True)


@pytest.mark.parametrize(
    ("asked", "status", "type"),
    [
        ({"photo_id": str(uuid.UUID(int=1))}, 404, "not-found"),
        ({"example_id": str(uuid.UUID(int=1))}, 404, "not-found"),
        ({"person_id": str(uuid.UUID(int=1))}, 404, "not-found"),
        ({"photo_id": "nobody"}, 422, "invalid-request"),
        ({"photo_id": str(uuid.UUID(int=1)), "example_id": str(uuid.UUID(int=1))}, 422, "invalid-request"),
    ],
)
def test_what_is_not_there_is_a_problem(client: httpx.Client, asked: dict[str, str], status: int, type: str) -> None:
    for route in ("/v1/search", "/v1/search/facets"):
        answer = client.post(route, json=asked)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{type}")


def test_a_cursor_belongs_to_its_example_and_person(client: httpx.Client, publish: Publish, state: State) -> None:
    photos = [publish(f"{number}.jpg", title="sunset", look=1) for number in range(4)]
    with state() as connection:
        anna = str(add_person(connection, "Anna", photos))
    cursor = search(client, text="sunset", photo_id=photos[0], limit=1)["next_cursor"]
    for other in ({"photo_id": photos[1]}, {}, {"photo_id": photos[0], "person_id": anna}):
        answer = client.post("/v1/search", json={"text": "sunset", "cursor": cursor, **other})
        assert answer.json()["type"] == "/problems/invalid-cursor"


@pytest.mark.parametrize("body", [b"", b"no picture", b"\xff\xd8\xff\xe0" + b"\0" * 100])
def test_an_example_that_is_no_picture_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v1/search/examples", content=body, headers=BYTES)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")


def test_an_example_too_large_or_not_sent_as_bytes_is_refused(client: httpx.Client) -> None:
    large = b"\xff\xd8\xff" + b"\0" * examples.LARGEST_BYTES
    assert client.post("/v1/search/examples", content=large, headers=BYTES).status_code == 413
    answer = client.post("/v1/search/examples", json={"picture": "base64"})
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-media-type")
    picture = {"Content-Type": "image/jpeg"}
    assert client.post("/v1/search/examples", content=jpeg(scene(1)), headers=picture).status_code == 201


def test_facets_count_what_the_results_of_a_search_share(client: httpx.Client, publish: Publish, state: State) -> None:
    taken = datetime.fromisoformat
    first = publish("a.jpg", title="sunset", taken_local=taken("2023-01-01T10:00:00"), camera_model="X-T5", rating=5)
    second = publish("b.jpg", title="sunset", taken_local=taken("2024-01-01T10:00:00"), camera_model="X-T5", rating=5)
    third = publish("c.jpg", title="sunset", taken_local=taken("2024-06-01T10:00:00"), camera_model="R6", rating=5)
    undated = publish("d.jpg", title="sunset")
    publish("e.jpg", title="beach", taken_local=taken("2022-06-01T10:00:00"), camera_model="R6")
    with state() as connection:
        anna = add_person(connection, "Anna", [first, second, undated])
        add_person(connection, None, [third])
        add_person(connection, "Bernd", [second], hidden=True)
    found = facets(client, text="sunset")
    assert found["years"] == [{"value": 2024, "photos": 2}, {"value": 2023, "photos": 1}]
    assert found["cameras"] == [{"value": "X-T5", "photos": 2}, {"value": "R6", "photos": 1}]
    assert found["people"] == [{"id": str(anna), "name": "Anna", "photos": 3}]
    assert (found["photos"], found["complete"]) == (4, True)
    narrowed = facets(client, filter="rating = 5", person_id=str(anna))
    assert narrowed["years"] == [{"value": 2024, "photos": 1}, {"value": 2023, "photos": 1}]
    assert narrowed["photos"] == 2
    assert facets(client)["photos"] == 5
    assert facets(client, text="zebra") == {
        "years": [], "cameras": [], "people": [], "photos": 0, "complete": True, "epoch": found["epoch"]
    }  # fmt: skip


def test_facets_of_a_cursor_look_at_its_epoch(client: httpx.Client, publish: Publish) -> None:
    for number in range(3):
        publish(f"{number}.jpg", title="sunset")
    page = search(client, text="sunset", limit=1)
    publish("late.jpg", title="sunset")
    found = facets(client, text="sunset", limit=1, cursor=page["next_cursor"])
    assert (found["photos"], found["epoch"]) == (3, page["epoch"])
    assert facets(client, text="sunset")["photos"] == 4


def events(owner: Engine, *pages: dict[str, Any]) -> list[dict[str, Any]]:
    """What was recorded of these searches, once the last of them is there; others may have been recorded meanwhile."""
    table, ids = schema.search_events, [page["search_id"] for page in pages]
    for _ in range(100):
        with owner.connect() as connection:
            found = select(table).where(table.c.search_id.in_(ids)).order_by(table.c.id)
            rows = [row._asdict() for row in connection.execute(found)]
        if rows and str(rows[-1]["search_id"]) == ids[-1]:
            return rows
        time.sleep(0.05)
    raise AssertionError("the last search was not recorded")


def test_a_search_is_recorded_without_what_was_looked_for(
    client: httpx.Client, publish: Publish, owner: Engine
) -> None:
    for number in range(3):
        publish(f"{number}.jpg", title="sunset", rating=5)
    asked = {"text": "sunset harbour", "filter": 'rating = 5 AND NOT keywords:"secret"', "limit": 2}
    page = search(client, **asked)
    search(client, **asked, cursor=page["next_cursor"])
    listed = search(client, filter="rating = 4")
    first, second = events(owner, page, listed)
    assert str(first["search_id"]) == page["search_id"]
    assert (first["query_class"], first["words"], first["results"], first["more"]) == ("text", 2, 2, True)
    assert first["legs"] == ["words", "meaning"]
    assert first["filter_fields"] == ["keywords", "rating"]
    assert first["top_score"] == page["items"][0]["score"]
    assert {"words", "meaning", "serving", "total"} <= set(first["milliseconds"])
    assert first["text"] is None
    assert "sunset" not in str(first) and "secret" not in str(first)
    assert (second["query_class"], second["results"], second["top_score"]) == ("list", 0, None)


def test_who_opts_out_is_not_recorded_and_a_setting_switches_it_off(
    client: httpx.Client, publish: Publish, parts: Parts, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("a.jpg", title="sunset")
    pages = [
        client.post("/v1/search", json={"text": "sunset"}, headers={header: "1"}).raise_for_status().json()
        for header in ("Sec-GPC", "DNT")
    ]
    monkeypatch.setattr(parts.settings.search, "record_events", False)
    pages.append(search(client, text="sunset"))
    monkeypatch.setattr(parts.settings.search, "record_events", True)
    monkeypatch.setattr(parts.settings.search, "record_text", True)
    (recorded,) = events(owner, *pages, search(client, text="sunset evening"))
    assert recorded["text"] == "sunset evening"
