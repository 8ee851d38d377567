"""People over HTTP: looking at them, and deciding who is who."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from threading import Barrier
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select

from api.dependencies import Parts
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER, face_key
from darkroom.stores.state import keys, schema
from darkroom.stores.state.publishing import current_epoch
from darkroom.testing.people import THUMBNAIL, add_person
from darkroom.testing.serving import add_library, publish_photo

State = Callable[[], AbstractContextManager[Connection]]

ANNA, BERTA, CARLA, NOBODY = (uuid.UUID(int=number) for number in (11, 12, 13, 99))
PEOPLE = {"anna": ANNA, "berta": BERTA, "carla": CARLA, "nobody": NOBODY}


@pytest.fixture
def photos(state: State) -> list[uuid.UUID]:
    """Five photos, the first the oldest, the last undated."""
    with state() as connection:
        taken = [datetime(2024, 5, day) for day in (1, 2, 3, 4)]  # noqa: DTZ001
        return [publish_photo(connection, f"{day}.jpg", taken_local=when) for day, when in enumerate([*taken, None])]


@pytest.fixture
def faces(state: State, photos: list[uuid.UUID]) -> dict[str, list[uuid.UUID]]:
    """Anna on photos 0, 1, 2 and 4, Berta on 3, Carla on 0 and 1; and a face of nobody on 3."""
    on = {"anna": (0, 1, 2, 4), "berta": (3,), "carla": (0, 1), "nobody": (3,)}
    found = {name: [uuid.uuid4() for _ in places] for name, places in on.items()}
    with state() as connection:
        for name, places in on.items():
            seen = dict(zip(found[name], (photos[place] for place in places), strict=True))
            add_person(connection, PEOPLE[name], seen, person_id=PEOPLE[name] if name != "nobody" else None)
    return found


@pytest.fixture
def elsewhere(state: State) -> uuid.UUID:
    """Somebody in a library the owner of the keys may not see."""
    person = uuid.uuid4()
    with state() as connection:
        library = add_library(connection, keys.add_user(connection, "stranger"))
        photo = publish_photo(connection, "theirs.jpg", library_id=library)
        add_person(connection, person, {uuid.uuid4(): photo}, name="Zoe", library_id=library)
    return person


def people(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    return client.get("/v1/people", params=params).raise_for_status().json()["items"]  # type: ignore[no-any-return]


def ids(found: list[dict[str, Any]]) -> list[uuid.UUID]:
    return [uuid.UUID(one["id"]) for one in found]


def strings(faces: list[uuid.UUID]) -> list[str]:
    return [str(face) for face in faces]


def decide(client: httpx.Client, person: uuid.UUID, what: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return client.post(f"/v1/people/{person}/{what}", json=body, headers=headers)


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text
    return answer.json()  # type: ignore[no-any-return]


def facts(state: State) -> list[tuple[str, uuid.UUID]]:
    with state() as connection:
        table = schema.person_facts
        return [(row.kind, row.person_id) for row in connection.execute(select(table).order_by(table.c.id))]


def test_people_are_listed_who_are_on_most_photos_first(client, faces, elsewhere) -> None:
    found = people(client)
    assert ids(found) == [ANNA, CARLA, BERTA]
    assert [(one["faces"], one["photos"], one["name"], one["hidden"]) for one in found] == [
        (4, 4, None, False),
        (2, 2, None, False),
        (1, 1, None, False),
    ]
    cover = found[0]["cover"]
    assert cover["face_id"] in strings(faces["anna"])
    assert cover["thumbnail"].startswith(f"/v1/faces/{cover['face_id']}/thumbnail?v=")


def test_pages_of_people_follow_each_other(client, faces) -> None:
    seen, cursor = [], None
    while True:
        page = client.get("/v1/people", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        seen += ids(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [ANNA, CARLA, BERTA]
    first = client.get("/v1/people", params={"limit": 1}).json()["next_cursor"]
    problem(client.get("/v1/people", params={"cursor": first, "named": True}), 400, "invalid-cursor")


def test_people_with_a_name_and_hidden_ones_can_be_asked_for(client, faces) -> None:
    client.patch(f"/v1/people/{BERTA}", json={"name": "Berta"}).raise_for_status()
    client.patch(f"/v1/people/{CARLA}", json={"hidden": True}).raise_for_status()
    assert ids(people(client)) == [ANNA, BERTA]
    assert ids(people(client, named=True)) == [BERTA]
    assert ids(people(client, named=False)) == [ANNA]
    assert ids(people(client, hidden=True)) == [CARLA]
    client.patch(f"/v1/people/{CARLA}", json={"hidden": False}).raise_for_status()
    assert ids(people(client)) == [ANNA, CARLA, BERTA]


def test_a_person_is_answered_once_while_nothing_changes(client, faces) -> None:
    answer = client.get(f"/v1/people/{ANNA}")
    etag = answer.headers["etag"]
    assert client.get(f"/v1/people/{ANNA}", headers={"If-None-Match": etag}).status_code == 304
    named = client.patch(f"/v1/people/{ANNA}", json={"name": "Anna"})
    assert named.headers["etag"] != etag
    assert client.get(f"/v1/people/{ANNA}", headers={"If-None-Match": etag}).json()["name"] == "Anna"


def test_saying_again_what_is_so_already_is_no_decision(client, faces, state: State) -> None:
    for said in ({"name": "Anna"}, {"hidden": True}):
        first = client.patch(f"/v1/people/{ANNA}", json=said).raise_for_status()
        told = facts(state)
        again = client.patch(f"/v1/people/{ANNA}", json=said).raise_for_status()
        assert again.json() == first.json()
        assert facts(state) == told


def test_who_is_not_there_or_not_ours_is_not_found(client, faces, elsewhere) -> None:
    for person in (NOBODY, elsewhere):
        problem(client.get(f"/v1/people/{person}"), 404, "not-found")
        problem(client.get(f"/v1/people/{person}/faces"), 404, "not-found")
        problem(client.patch(f"/v1/people/{person}", json={"name": "Mine"}), 404, "not-found")
        problem(decide(client, person, "merge", {"from": [str(ANNA)]}), 404, "not-found")
        problem(decide(client, person, "reject", {"face_ids": strings(faces["anna"])}), 404, "not-found")


def test_faces_of_a_person_come_the_newest_photo_first_and_undated_last(client, faces, photos) -> None:
    pages, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = client.get(f"/v1/people/{ANNA}/faces", params=params).json()
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [one["photo_id"] for one in pages] == strings([photos[place] for place in (2, 1, 0, 4)])
    assert {one["person_id"] for one in pages} == {str(ANNA)}
    assert pages[0]["box"]["w"] > 0 and pages[0]["score"] == 1.0


def test_a_face_shows_its_thumbnail_and_clients_may_keep_it(client, parts: Parts, faces, elsewhere) -> None:
    key = face_key(DEFAULT_LIBRARY, THUMBNAIL)
    parts.objects.put(key, b"picture", THUMBNAIL)
    (face, *_) = client.get(f"/v1/people/{ANNA}/faces").json()["items"]
    answer = client.get(face["thumbnail"])
    assert (answer.content, answer.headers["content-type"]) == (b"picture", "image/jpeg")
    assert "immutable" in answer.headers["cache-control"]
    again = client.get(face["thumbnail"], headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "no-cache" in client.get(face["thumbnail"].partition("?")[0]).headers["cache-control"]
    parts.objects.delete(key)
    problem(client.get(face["thumbnail"]), 404, "not-found")
    problem(client.get(f"/v1/faces/{NOBODY}/thumbnail"), 404, "not-found")


def test_a_name_is_tidied_shown_at_once_and_can_be_taken_away(client, faces, state: State) -> None:
    answer = client.patch(f"/v1/people/{ANNA}", json={"name": "  An\x00na\n  Ju\u0308rgens "})
    assert answer.json()["name"] == "Anna J\u00fcrgens"
    assert people(client, named=True)[0]["name"] == "Anna J\u00fcrgens"
    assert client.patch(f"/v1/people/{ANNA}", json={"name": None}).json()["name"] is None
    assert client.patch(f"/v1/people/{ANNA}", json={"name": "Anna"}).json()["name"] == "Anna"
    assert client.patch(f"/v1/people/{ANNA}", json={"name": " "}).json()["name"] is None
    assert client.patch(f"/v1/people/{ANNA}", json={}).json()["name"] is None
    with state() as connection:
        told = connection.execute(select(schema.person_facts)).all()
    assert {row.decided_by for row in told} == {DEFAULT_OWNER}
    assert [row.name for row in told if row.photo_id is None] == ["Anna J\u00fcrgens", None, "Anna", None]
    assert {row.photo_id for row in told} - {None}


def test_two_people_of_a_library_never_have_one_name(client, faces) -> None:
    client.patch(f"/v1/people/{ANNA}", json={"name": "Anna"}).raise_for_status()
    told = problem(client.patch(f"/v1/people/{BERTA}", json={"name": "ANNA"}), 409, "name-taken")
    assert told["errors"] == [{"pointer": "#/name", "detail": str(ANNA)}]
    assert "merge" in told["detail"]
    client.patch(f"/v1/people/{ANNA}", json={"name": "anna"}).raise_for_status()


@pytest.mark.parametrize("body", [{"name": "x" * 201}, {"nickname": "A"}, {"hidden": None}, []])
def test_what_is_no_change_is_refused(client, faces, body) -> None:
    assert client.patch(f"/v1/people/{ANNA}", json=body).status_code == 422


def test_a_decision_about_somebody_who_changed_meanwhile_is_refused(client, faces) -> None:
    seen = client.get(f"/v1/people/{ANNA}").headers["etag"]
    client.patch(f"/v1/people/{ANNA}", json={"name": "Anna"}, headers={"If-Match": seen}).raise_for_status()
    body = {"face_ids": strings(faces["anna"][:1])}
    problem(client.patch(f"/v1/people/{ANNA}", json={"name": "B"}, headers={"If-Match": seen}), 412, "stale")
    for what in ("split", "reject", "confirm"):
        problem(decide(client, ANNA, what, body, **{"If-Match": seen}), 412, "stale")
    problem(decide(client, ANNA, "merge", {"from": [str(BERTA)]}, **{"If-Match": seen}), 412, "stale")
    assert decide(client, ANNA, "confirm", body, **{"If-Match": "*"}).is_success


def test_merged_people_are_one_and_the_name_comes_along(client, faces, photos) -> None:
    client.patch(f"/v1/people/{BERTA}", json={"name": "Anna"}).raise_for_status()
    answer = decide(client, ANNA, "merge", {"from": [str(BERTA)]})
    assert (answer.json()["name"], answer.json()["faces"], answer.json()["photos"]) == ("Anna", 5, 5)
    problem(client.get(f"/v1/people/{BERTA}"), 404, "not-found")
    assert ids(people(client)) == [ANNA, CARLA]
    shown = client.get(f"/v1/photos/{photos[3]}").json()["faces"]
    assert {face["person_id"] for face in shown} == {str(ANNA), None}


def test_who_keeps_a_name_keeps_it_when_others_are_merged_in(client, faces) -> None:
    for person, name in ((ANNA, "Anna"), (BERTA, "Berta")):
        client.patch(f"/v1/people/{person}", json={"name": name}).raise_for_status()
    assert decide(client, ANNA, "merge", {"from": [str(BERTA), str(BERTA)]}).json()["name"] == "Anna"
    assert not people(client, named=False)[1:]
    client.patch(f"/v1/people/{CARLA}", json={"name": "Berta"}).raise_for_status()


def test_people_seen_together_are_not_merged_and_the_photos_are_named(client, faces, photos) -> None:
    told = problem(decide(client, ANNA, "merge", {"from": [str(CARLA)]}), 409, "seen-together")
    assert {error["detail"] for error in told["errors"]} == set(strings(photos[:2]))
    assert ids(people(client)) == [ANNA, CARLA, BERTA]


def test_nobody_is_merged_with_themselves_with_strangers_or_with_who_is_gone(client, faces, elsewhere, state) -> None:
    for other in (ANNA, elsewhere, NOBODY):
        told = problem(decide(client, ANNA, "merge", {"from": [str(other)]}), 422, "invalid-request")
        assert told["errors"] == [{"pointer": "#/from", "detail": str(other)}]
    for body in ({"from": []}, {}, {"from": "all"}, {"from": [str(BERTA)], "to": str(ANNA)}):
        assert decide(client, ANNA, "merge", body).status_code == 422
    assert facts(state) == []


def test_split_faces_are_a_person_of_their_own(client, faces) -> None:
    answer = decide(client, ANNA, "split", {"face_ids": strings(faces["anna"][:2])})
    assert answer.status_code == 201
    new = uuid.UUID(answer.json()["id"])
    assert answer.headers["location"] == f"/v1/people/{new}"
    assert (answer.json()["faces"], answer.json()["name"]) == (2, None)
    assert client.get(answer.headers["location"]).headers["etag"] == answer.headers["etag"]
    assert client.get(f"/v1/people/{ANNA}").json()["faces"] == 2
    problem(decide(client, ANNA, "split", {"face_ids": strings(faces["anna"][:2])}), 409, "conflict")


def test_only_faces_of_the_person_can_be_split_off_or_rejected_and_not_all_split(client, faces) -> None:
    for what in ("split", "reject"):
        for wrong in (faces["berta"], faces["nobody"], [uuid.uuid4()]):
            body = {"face_ids": strings([faces["anna"][0], *wrong])}
            told = problem(decide(client, ANNA, what, body), 409, "conflict")
            assert told["errors"] == [{"pointer": "#/face_ids", "detail": str(wrong[0])}]
    problem(decide(client, ANNA, "split", {"face_ids": strings(faces["anna"])}), 409, "conflict")
    assert client.get(f"/v1/people/{ANNA}").json()["faces"] == 4


def test_rejected_faces_are_nobodys_until_people_are_grouped_again(client, faces, photos, state: State) -> None:
    answer = decide(client, ANNA, "reject", {"face_ids": strings(faces["anna"][:1])})
    assert (answer.json()["faces"], answer.json()["photos"]) == (3, 3)
    shown = {face["id"]: face["person_id"] for face in client.get(f"/v1/photos/{photos[0]}").json()["faces"]}
    assert shown == {str(faces["anna"][0]): None, str(faces["carla"][0]): str(CARLA)}
    assert facts(state)[-1] == ("rejected", ANNA)


def test_who_has_no_face_left_is_gone_unless_named(client, faces) -> None:
    client.patch(f"/v1/people/{ANNA}", json={"name": "Anna"}).raise_for_status()
    for person, name in ((ANNA, "anna"), (BERTA, "berta")):
        answer = decide(client, person, "reject", {"face_ids": strings(faces[name])})
        assert (answer.status_code, answer.json()["faces"], answer.json()["cover"]) == (200, 0, None)
    assert client.get(f"/v1/people/{ANNA}").json()["name"] == "Anna"
    problem(client.get(f"/v1/people/{BERTA}"), 404, "not-found")
    assert decide(client, ANNA, "confirm", {"face_ids": strings(faces["berta"])}).json()["faces"] == 1


def test_a_face_of_somebody_else_or_of_nobody_can_be_confirmed(client, faces, photos, state: State) -> None:
    answer = decide(client, CARLA, "confirm", {"face_ids": strings([faces["anna"][2], faces["nobody"][0]])})
    assert (answer.json()["faces"], answer.json()["photos"]) == (4, 4)
    assert client.get(f"/v1/people/{ANNA}").json()["faces"] == 3
    told = facts(state)
    assert ("rejected", ANNA) in told and told[-2:] == [("confirmed", CARLA)] * 2


def test_a_face_beside_one_of_the_person_cannot_be_the_person(client, faces, photos) -> None:
    told = problem(decide(client, ANNA, "confirm", {"face_ids": strings(faces["carla"][:1])}), 409, "seen-together")
    assert [error["detail"] for error in told["errors"]] == [str(photos[0])]
    both = {"face_ids": strings([*faces["berta"], *faces["nobody"]])}
    problem(decide(client, ANNA, "confirm", both), 409, "seen-together")
    missing = uuid.uuid4()
    told = problem(decide(client, ANNA, "confirm", {"face_ids": [str(missing)]}), 422, "invalid-request")
    assert told["errors"] == [{"pointer": "#/face_ids", "detail": str(missing)}]


def test_a_decision_takes_an_epoch_and_notes_which_photos_changed(client, faces, photos, state: State) -> None:
    with state() as connection:
        before = current_epoch(connection)
    decide(client, ANNA, "reject", {"face_ids": strings(faces["anna"][:1])})
    with state() as connection:
        assert current_epoch(connection) == before + 1
        table = schema.changes
        changed = connection.execute(select(table).where(table.c.epoch > before)).all()
        assert [(row.kind, row.photo_id) for row in changed] == [("regrouped", photos[0])]
    problem(client.patch(f"/v1/people/{NOBODY}", json={"name": "x"}), 404, "not-found")
    with state() as connection:
        assert current_epoch(connection) == before + 1


def at_once(*asking: Callable[[], httpx.Response]) -> list[httpx.Response]:
    barrier = Barrier(len(asking))

    def ask(one: Callable[[], httpx.Response]) -> httpx.Response:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(len(asking)) as pool:
        return list(pool.map(ask, asking))


@pytest.mark.parametrize("turn", range(3))
def test_of_two_merges_at_once_into_each_other_one_is_taken(client, faces, state: State, turn) -> None:
    answers = at_once(
        lambda: decide(client, ANNA, "merge", {"from": [str(BERTA)]}),
        lambda: decide(client, BERTA, "merge", {"from": [str(ANNA)]}),
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 404], [200, 422])
    (left,) = [one for one in people(client) if uuid.UUID(one["id"]) != CARLA]
    assert left["faces"] == 5
    assert [kind for kind, _ in facts(state)].count("merged") == 1


def test_of_two_who_saw_the_same_and_decide_at_once_one_is_told_to_look_again(client, faces, state: State) -> None:
    seen = client.get(f"/v1/people/{ANNA}").headers["etag"]
    answers = at_once(
        *(
            lambda name=name: client.patch(f"/v1/people/{ANNA}", json={"name": name}, headers={"If-Match": seen})
            for name in ("Anna", "Anne", "Hanna", "Ana")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


def test_many_decisions_at_once_lose_nothing(client, faces, state: State) -> None:
    answers = at_once(
        *(lambda face=face: decide(client, ANNA, "reject", {"face_ids": [str(face)]}) for face in faces["anna"])
    )
    assert {answer.status_code for answer in answers} == {200}
    assert [kind for kind, _ in facts(state)].count("rejected") == 4
    problem(client.get(f"/v1/people/{ANNA}"), 404, "not-found")
