"""Search over HTTP: words, filters, scores, reasons, pages, and what is never shown."""

import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, delete, select

from api.dependencies import Parts
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services.documents import entry
from darkroom.stores.state import keys, schema
from darkroom.stores.state.publishing import next_epoch, publish_photos
from darkroom.testing.serving import add_library
from darkroom.testing.vectors import MemoryVectors

State = Callable[[], AbstractContextManager[Connection]]
Publish = Callable[..., str]
NOON = datetime.fromisoformat("2024-05-01T12:00:00")


def search(client: httpx.Client, **asked: object) -> dict[str, Any]:
    return client.post("/v1/search", json=asked).raise_for_status().json()


def ids(page: dict[str, Any]) -> list[str]:
    return [item["photo"]["id"] for item in page["items"]]


def walk(client: httpx.Client, **asked: object) -> Iterator[dict[str, Any]]:
    page = search(client, **asked)
    yield page
    while page["next_cursor"]:
        page = search(client, **asked, cursor=page["next_cursor"])
        yield page


def test_words_are_found_with_a_score_and_the_places_they_stand(client: httpx.Client, publish: Publish) -> None:
    wanted = publish("IMG_1.jpg", title="Markt in der Großen Straße", text="Obst & Gemüse")
    publish("IMG_2.jpg", title="Beach")
    page = search(client, text="grosse STRASSE markt großen")
    assert ids(page) == [wanted]
    (hit,) = page["items"]
    assert 0 < hit["score"] <= 1
    (reason,) = hit["reasons"]
    assert (reason["kind"], reason["property"]) == ("words", "title")
    assert reason["detail"] == "strasse, markt, grossen in title"
    (highlight,) = reason["highlights"]
    marked = [highlight["text"][span["start"] : span["end"]] for span in highlight["spans"]]
    assert marked == ["Markt", "Großen", "Straße"]
    assert page["degraded"] == []
    assert page["next_cursor"] is None


def test_every_property_of_the_document_can_be_the_reason(client: httpx.Client, publish: Publish) -> None:
    wanted = publish(
        "2024 Lisbon/DSC_7.jpg",
        title="Harbour",
        description="Ships at dusk",
        text="PORTO DE ABRIGO",
        keywords=["sea side"],
        camera_make="FUJIFILM",
        camera_model="X-T5",
        taken_local=NOON,
        latitude=38.7,
        longitude=-9.1,
    )
    for said, where in {
        "harbour": "title",
        "dusk": "description",
        "abrigo": "text",
        "side": "keywords",
        "fujifilm": "camera",
        "lisbon": "path",
        "wednesday": "time",
        "spring": "time",
        "portugal": "place",
    }.items():
        page = search(client, text=said)
        assert ids(page) == [wanted], said
        assert page["items"][0]["reasons"][0]["property"] == where


def test_nothing_relevant_is_an_answer(client: httpx.Client, publish: Publish) -> None:
    publish("a.jpg", title="a walk in the park")
    for text in ("zebra", "the zebra crossing in Reykjavik", "🎂", "!!", "'; DROP TABLE photos; --"):
        page = search(client, text=text)
        assert page["items"] == [], text
        assert page["next_cursor"] is None


def test_scores_never_rise_and_photos_with_more_of_the_words_come_first(client: httpx.Client, publish: Publish) -> None:
    both = publish("a.jpg", title="harbour", description="sunset")
    one = publish("b.jpg", title="sunset sunset sunset")
    publish("c.jpg", title="mountain")
    page = search(client, text="harbour sunset")
    assert ids(page) == [both, one]
    scores = [item["score"] for item in page["items"]]
    assert scores[0] == 1.0
    assert scores[0] > 2 * scores[1] * 0.9
    assert scores[1] <= 0.5


def test_text_and_filter_both_hold_and_the_filter_is_a_reason(client: httpx.Client, publish: Publish) -> None:
    wanted = publish("a.jpg", title="sunset", rating=5, width=100)
    publish("b.jpg", title="sunset", rating=1, width=100)
    publish("c.jpg", title="sunset", rating=5, width=200)
    publish("d.jpg", title="beach", rating=5, width=100)
    page = search(client, text="sunset", filter="rating >= 3 AND width < 150")
    assert ids(page) == [wanted]
    assert page["items"][0]["reasons"][-1] == {
        "kind": "filter",
        "detail": "rating >= 3 AND width < 150",
        "score": 1.0,
        "property": None,
        "highlights": [],
    }


def test_a_filter_alone_lists_along_the_timeline(client: httpx.Client, publish: Publish) -> None:
    old = publish("a.jpg", rating=5, taken_local=NOON - timedelta(days=1))
    undated = publish("b.jpg", rating=5)
    new = publish("c.jpg", rating=5, taken_local=NOON)
    publish("d.jpg", rating=1, taken_local=NOON)
    pages = list(walk(client, filter="rating = 5", limit=1))
    assert [photo for page in pages for photo in ids(page)] == [new, old, undated]
    assert {item["score"] for page in pages for item in page["items"]} == {1.0}
    assert [reason["kind"] for reason in pages[0]["items"][0]["reasons"]] == ["filter"]


def test_nothing_asked_shows_everything(client: httpx.Client, publish: Publish) -> None:
    publish("a.jpg")
    page = search(client)
    assert len(page["items"]) == 1
    assert page["items"][0]["reasons"] == []


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_pages_show_every_result_once_in_order(client: httpx.Client, publish: Publish, limit: int) -> None:
    made = {publish(f"{number}.jpg", title="sunset " * (1 + number % 4)) for number in range(25)}
    pages = list(walk(client, text="sunset", limit=limit))
    found = [item for page in pages for item in page["items"]]
    assert len(found) == 25
    assert {item["photo"]["id"] for item in found} == made
    scores = [item["score"] for item in found]
    assert scores == sorted(scores, reverse=True)
    assert len({page["search_id"] for page in pages}) == 1
    assert len({page["epoch"] for page in pages}) == 1


def test_photos_published_between_pages_move_nothing(client: httpx.Client, publish: Publish) -> None:
    made = [publish(f"{number}.jpg", title="sunset") for number in range(6)]
    seen: list[str] = []
    for number, page in enumerate(walk(client, text="sunset", limit=2)):
        seen += ids(page)
        publish(f"late {number}.jpg", title="sunset " * 5)
    assert sorted(seen) == sorted(made)
    assert len(search(client, text="sunset")["items"]) > 6


def test_a_restart_between_pages_shows_the_same_epoch(client: httpx.Client, publish: Publish, parts: Parts) -> None:
    made = [publish(f"{number}.jpg", title="sunset") for number in range(6)]
    first = search(client, text="sunset", limit=3)
    publish("late.jpg", title="sunset")
    parts.search._rankings.clear()
    second = search(client, text="sunset", limit=3, cursor=first["next_cursor"])
    assert sorted(ids(first) + ids(second)) == sorted(made)
    assert second["epoch"] == first["epoch"]
    assert second["next_cursor"] is None


def test_photos_published_anew_between_pages_stay(client: httpx.Client, publish: Publish, state: State) -> None:
    made = [publish(f"{number}.jpg", title="sunset") for number in range(4)]
    first = search(client, text="sunset", limit=2)
    listed = search(client, filter="title:sunset", limit=2)
    with state() as connection:
        rows = connection.execute(select(schema.photos)).mappings().all()
        epoch, _ = next_epoch(connection)
        own = ("epoch", "first_epoch", "published_at")
        publish_photos(connection, epoch, [{name: row[name] for name in row if name not in own} for row in rows])
    for page, asked in ((first, {"text": "sunset"}), (listed, {"filter": "title:sunset"})):
        second = search(client, **asked, limit=2, cursor=page["next_cursor"])
        assert sorted(ids(page) + ids(second)) == sorted(made)


def test_a_photo_removed_between_pages_is_left_out(client: httpx.Client, publish: Publish, state: State) -> None:
    made = [publish(f"{number}.jpg", title="sunset") for number in range(4)]
    first = search(client, text="sunset", limit=2)
    (gone, *_) = set(made) - set(ids(first))
    with state() as connection:
        connection.execute(delete(schema.photos).where(schema.photos.c.photo_id == uuid.UUID(gone)))
    second = search(client, text="sunset", limit=2, cursor=first["next_cursor"])
    assert sorted(ids(first) + ids(second)) == sorted(set(made) - {gone})


def test_an_entry_that_is_not_published_is_not_shown(
    client: httpx.Client, publish: Publish, index: MemoryVectors
) -> None:
    wanted = publish("a.jpg", title="sunset")
    ghosts = [{"photo_id": str(uuid.uuid4()), "library_id": str(DEFAULT_LIBRARY)} for _ in range(600)]
    index.upsert([entry(ghost, [], {"title": "sunset sunset"}, None, {}) for ghost in ghosts])
    assert ids(search(client, text="sunset", limit=5)) == [wanted]


def test_strangers_photos_are_never_found(
    client: httpx.Client,
    client_of: Callable[[str], httpx.Client],
    make_key: Callable[..., str],
    publish: Publish,
    state: State,
) -> None:
    mine = publish("mine.jpg", title="sunset")
    with state() as connection:
        user = keys.add_user(connection, "stranger")
        library = add_library(connection, user)
    theirs = publish("theirs.jpg", title="sunset", library_id=library)
    stranger = client_of(make_key("photos:search", user_id=user))
    assert ids(search(client, text="sunset")) == [mine]
    assert ids(search(stranger, text="sunset")) == [theirs]
    assert ids(search(stranger, text="sunset", filter=f"library_id = {DEFAULT_LIBRARY}")) == []
    assert ids(search(stranger, filter=f"library_id = {DEFAULT_LIBRARY} OR library_id = {library}")) == [theirs]


def test_words_that_are_no_longer_published_still_give_a_reason(
    client: httpx.Client, publish: Publish, index: MemoryVectors
) -> None:
    photo = publish("a.jpg", title="sunset")
    index.upsert([entry({"photo_id": photo, "library_id": DEFAULT_LIBRARY}, [], {"title": "dawn"}, None, {})])
    (hit,) = search(client, text="dawn")["items"]
    assert hit["reasons"] == [{"kind": "words", "detail": "dawn", "score": 1.0, "property": None, "highlights": []}]


def test_a_long_text_is_shown_as_an_excerpt(client: httpx.Client, publish: Publish) -> None:
    publish("a.jpg", text="lorem ipsum " * 400 + "INVOICE total 12.50 " + "dolor sit " * 400)
    (hit,) = search(client, text="invoice total")["items"]
    (highlight,) = hit["reasons"][0]["highlights"]
    assert len(highlight["text"]) <= 160
    assert [highlight["text"][s["start"] : s["end"]] for s in highlight["spans"]] == ["INVOICE", "total"]


def test_photos_the_index_lacks_are_told(client: httpx.Client, publish: Publish) -> None:
    publish("a.jpg", title="sunset", outputs={"index": "done"})
    assert search(client, text="sunset")["degraded"] == []
    publish("b.jpg", title="sunset", outputs={"index": "failed"}, indexed=False)
    assert search(client, text="sunset")["degraded"] == [{"leg": "words", "reason": "not in the index: 1 photo"}]


def test_without_the_index_words_are_refused_and_filters_answered(
    client: httpx.Client, publish: Publish, index: MemoryVectors
) -> None:
    photo = publish("a.jpg", title="sunset", rating=5)
    index.available = False
    for asked in ({"text": "sunset"}, {"text": "sunset", "filter": "rating = 5"}):
        answer = client.post("/v1/search", json=asked)
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/unavailable"
        assert int(answer.headers["Retry-After"]) > 0
    assert ids(search(client, filter="rating = 5")) == [photo]


@pytest.mark.parametrize(
    ("asked", "status", "type"),
    [
        ({"filter": "colour = red"}, 400, "invalid-filter"),
        ({"text": "x" * 10_000}, 422, "invalid-request"),
        ({"filter": "rating = 1 " * 1000}, 422, "invalid-request"),
        ({"limit": 0}, 422, "invalid-request"),
        ({"limit": 201}, 422, "invalid-request"),
        ({"query": "typo"}, 422, "invalid-request"),
        ({"text": 7}, 422, "invalid-request"),
        ({"cursor": "made up"}, 400, "invalid-cursor"),
    ],
)
def test_bad_searches_are_problems(client: httpx.Client, asked: dict[str, object], status: int, type: str) -> None:
    answer = client.post("/v1/search", json=asked)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{type}")


def test_a_bad_filter_is_told_where_it_is_wrong(client: httpx.Client) -> None:
    problem = client.post("/v1/search", json={"filter": "rating > many"}).json()
    assert problem["errors"] == [{"pointer": "#/filter", "detail": "at character 10: for example rating >= 3"}]


def test_a_cursor_fits_its_own_search_only(client: httpx.Client, publish: Publish) -> None:
    for number in range(3):
        publish(f"{number}.jpg", title="sunset", rating=5)
    cursor = search(client, text="sunset", limit=1)["next_cursor"]
    for other in ({"text": "dawn"}, {"text": "sunset", "filter": "rating = 5"}, {}):
        answer = client.post("/v1/search", json={**other, "cursor": cursor})
        assert answer.json()["type"] == "/problems/invalid-cursor"
    listed = client.get("/v1/photos", params={"limit": 1}).json()["next_cursor"]
    assert client.post("/v1/search", json={"cursor": listed}).status_code == 400


ODD = ['"', "'", "\\", "%", "*", "(", "AND", "NOT", "-", ":", "\x00", "\ud800", "😀", "a" * 500, "́", "‮abc", "東" * 500]


@pytest.mark.parametrize("text", [*ODD, *(" ".join(pair) for pair in itertools.permutations(ODD[:6], 2))])
def test_odd_texts_are_searched_without_harm(client: httpx.Client, publish: Publish, text: str) -> None:
    publish("x.jpg", title="sunset")
    body = b'{"text": ' + json.dumps(text).encode() + b"}"
    answer = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert answer.json()["items"] == []


def test_a_key_without_the_scope_may_not_search(
    client_of: Callable[[str], httpx.Client], make_key: Callable[..., str]
) -> None:
    assert client_of(make_key("photos:read")).post("/v1/search", json={}).status_code == 403
    assert client_of("dk_nothing").post("/v1/search", json={}).status_code == 401
