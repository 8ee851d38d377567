"""Duplicates and stacks over HTTP: lists and their pages, and decisions by one person and by two at once."""

import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest
from sqlalchemy import Connection, Engine, insert, select

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import keys, schema
from darkroom.stores.state.publishing import next_epoch
from darkroom.testing.serving import add_duplicates, add_library, add_source, add_stack, publish_photo

State = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture
def group(state: State) -> dict[str, str]:
    """Three nearly equal photos, by name, and their group."""
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures")
        photos = {name: publish_photo(connection, name, source_id=source) for name in ("original", "small", "grey")}
        made = add_duplicates(connection, list(photos.values()), sizes=[500, 40, 30])
    return {name: str(photo) for name, photo in photos.items()} | {"group": str(made)}


def walk(client: httpx.Client, path: str, **parameters: object) -> list[dict[str, object]]:
    """The items of all pages."""
    found: list[dict[str, object]] = []
    cursor = None
    while True:
        asked = {**parameters, **({"cursor": cursor} if cursor else {})}
        page = client.get(path, params=asked).raise_for_status().json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{slug}"
    return answer.json()  # type: ignore[no-any-return]


def facts(owner: Engine) -> list[tuple[object, ...]]:
    table = schema.duplicate_facts
    columns = (table.c.kind, table.c.verdict, table.c.photo_ids, table.c.keeper_id)
    with owner.begin() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(table.c.id))]


def test_a_group_comes_with_its_photos_the_kept_one_first(client: httpx.Client, group: dict[str, str]) -> None:
    [found] = client.get("/v1/duplicates").raise_for_status().json()["items"]
    assert found == client.get(f"/v1/duplicates/{group['group']}").raise_for_status().json()
    assert {name: found[name] for name in ("id", "kind", "wasted_bytes", "keeper_id", "decision", "photo_count")} == {
        "id": group["group"],
        "kind": "near",
        "wasted_bytes": 70,
        "keeper_id": group["original"],
        "decision": None,
        "photo_count": 3,
    }
    assert [photo["id"] for photo in found["photos"]] == [group["original"], group["small"], group["grey"]]
    assert [file["path"] for file in found["photos"][0]["files"]] == ["original"]


def test_groups_that_waste_most_come_first_and_pages_hold_each_once(client: httpx.Client, state: State) -> None:
    with state() as connection:
        for number in range(25):
            photos = [publish_photo(connection, f"{number} {copy}") for copy in range(2)]
            add_duplicates(connection, photos, "pixels" if number % 5 else "near", sizes=[1, number // 2])
    found = walk(client, "/v1/duplicates", limit=4)
    assert [one["wasted_bytes"] for one in found] == sorted((n // 2 for n in range(25)), reverse=True)
    assert len({one["id"] for one in found}) == 25
    assert len(walk(client, "/v1/duplicates", limit=3, kind="near")) == 5
    assert {one["kind"] for one in walk(client, "/v1/duplicates", limit=3, kind="near")} == {"near"}


def test_a_large_group_comes_with_its_first_photos_and_the_others_are_paged(client: httpx.Client, state: State) -> None:
    with state() as connection:
        photos = [publish_photo(connection, f"copy {number}") for number in range(130)]
        made = add_duplicates(connection, photos)
    found = client.get(f"/v1/duplicates/{made}").raise_for_status().json()
    assert found["photo_count"] == 130
    assert [photo["id"] for photo in found["photos"]] == [str(photo) for photo in photos[:100]]
    everyone = walk(client, f"/v1/duplicates/{made}/photos", limit=50)
    assert [photo["id"] for photo in everyone] == [str(photo) for photo in photos]
    last = client.post(f"/v1/duplicates/{made}/keep", json={"keeper_id": str(photos[-1])}).raise_for_status().json()
    assert last["photos"][0]["id"] == str(photos[-1])


def test_a_cursor_has_expired_when_duplicates_were_found_anew(client: httpx.Client, state: State) -> None:
    with state() as connection:
        for number in range(4):
            add_duplicates(connection, [publish_photo(connection, f"{number} {copy}") for copy in range(2)])
        row = {"library_id": DEFAULT_LIBRARY, "kind": "duplicates", "epoch": 8}
        made = insert(schema.generations).values(**row, state="current")
        connection.execute(made)
    cursor = client.get("/v1/duplicates", params={"limit": 2}).json()["next_cursor"]
    assert client.get("/v1/duplicates", params={"limit": 2, "cursor": cursor}).is_success
    with state() as connection:
        connection.execute(insert(schema.generations).values(**{**row, "epoch": 9}, state="current"))
    problem(client.get("/v1/duplicates", params={"cursor": cursor}), 400, "invalid-cursor")


def test_keeping_a_photo_is_remembered_and_shown_at_once(
    client: httpx.Client, group: dict[str, str], owner: Engine
) -> None:
    address = f"/v1/duplicates/{group['group']}"
    answer = client.post(f"{address}/keep", json={"keeper_id": group["small"]}).raise_for_status()
    found = answer.json()
    assert (found["keeper_id"], found["decision"], found["wasted_bytes"]) == (group["small"], "kept", 530)
    assert found["photos"][0]["id"] == group["small"]
    assert client.get(address).json() == found
    assert client.get(address).headers["etag"] == answer.headers["etag"]
    everyone = sorted(uuid.UUID(group[name]) for name in ("original", "small", "grey"))
    assert facts(owner) == [("near", "kept", everyone, uuid.UUID(group["small"]))]
    assert client.get("/v1/duplicates", params={"decided": True}).json()["items"] == [found]
    assert client.get("/v1/duplicates", params={"decided": False}).json()["items"] == []


def test_saying_it_again_changes_nothing(client: httpx.Client, group: dict[str, str], owner: Engine) -> None:
    address = f"/v1/duplicates/{group['group']}/keep"
    first = client.post(address, json={"keeper_id": group["small"]}).raise_for_status()
    again = client.post(address, json={"keeper_id": group["small"]}).raise_for_status()
    assert again.json() == first.json()
    assert len(facts(owner)) == 1


def test_dismissed_photos_leave_the_list(client: httpx.Client, group: dict[str, str], owner: Engine) -> None:
    found = client.post(f"/v1/duplicates/{group['group']}/dismiss").raise_for_status().json()
    assert found["decision"] == "dismissed"
    assert client.get("/v1/duplicates").json()["items"] == []
    [(kind, verdict, photos, keeper)] = facts(owner)
    assert (kind, verdict, len(photos), keeper) == ("near", "dismissed", 3, None)  # type: ignore[arg-type]


def test_one_photo_in_several_files_can_be_dismissed(client: httpx.Client, state: State, owner: Engine) -> None:
    with state() as connection:
        photo = publish_photo(connection, "twice")
        made = add_duplicates(connection, [photo], "bytes", sizes=[700])
    kept = client.post(f"/v1/duplicates/{made}/keep", json={"keeper_id": str(photo)}).raise_for_status().json()
    assert (kept["decision"], kept["wasted_bytes"]) == ("kept", 700)
    etag = client.get(f"/v1/duplicates/{made}").headers["etag"]
    assert client.post(f"/v1/duplicates/{made}/dismiss", headers={"If-Match": etag}).is_success
    assert [(one[0], one[1]) for one in facts(owner)] == [("bytes", "kept"), ("bytes", "dismissed")]


@pytest.mark.parametrize("decision", ["keep", "dismiss"])
def test_a_decision_is_withdrawn_by_another_and_the_group_is_as_it_was_found(
    client: httpx.Client, group: dict[str, str], owner: Engine, decision: str
) -> None:
    address = f"/v1/duplicates/{group['group']}"
    found = client.get(address).json()
    body = {"keeper_id": group["grey"]} if decision == "keep" else None
    made = client.post(f"{address}/{decision}", json=body).raise_for_status()
    problem(client.post(f"{address}/withdraw"), 409, "already-decided")
    seen = {"If-Match": made.headers["etag"]}
    assert client.post(f"{address}/withdraw", headers=seen).raise_for_status().json() == found
    assert client.post(f"{address}/withdraw").raise_for_status().json() == found, "nothing is left to withdraw"
    assert client.get("/v1/duplicates", params={"decided": False}).json()["items"] == [found]
    assert [verdict for _, verdict, _, _ in facts(owner)][1:] == ["withdrawn"]


def test_photos_nothing_found_to_be_copies_are_merged_by_a_decision(client: httpx.Client, state: State, owner: Engine):
    with state() as connection:
        photos = [publish_photo(connection, name) for name in ("whole", "crop", "tilted")]
    keeper, *copies = map(str, photos)
    said = {"keeper_id": keeper, "copies": copies}
    answer = client.post("/v1/duplicates/merge", json=said)
    assert (answer.status_code, answer.json()) == (202, said)
    assert facts(owner) == [("near", "kept", sorted(photos), photos[0])]


def test_only_photos_of_one_library_that_is_seen_are_merged(
    client: httpx.Client, state: State, owner: Engine, group: dict[str, str]
) -> None:
    with state() as connection:
        library = add_library(connection, keys.add_user(connection, f"stranger {uuid.uuid4()}"))
        theirs = str(publish_photo(connection, "theirs", library_id=library))
    mine, unknown = group["small"], str(uuid.uuid4())
    for keeper, copies, pointer in (
        (mine, [group["grey"], theirs], "#/copies/1"),
        (mine, [unknown], "#/copies/0"),
        (theirs, [mine], "#/keeper_id"),
        (unknown, [mine], "#/keeper_id"),
        (mine, [mine], "#/copies"),
    ):
        answer = client.post("/v1/duplicates/merge", json={"keeper_id": keeper, "copies": copies})
        [error] = problem(answer, 422, "invalid-request")["errors"]  # type: ignore[misc]
        assert error["pointer"] == pointer
    assert client.post("/v1/duplicates/merge", json={"keeper_id": mine, "copies": []}).status_code == 422
    assert facts(owner) == []


def test_files_of_one_photo_waste_what_they_wasted_when_a_decision_is_withdrawn(
    client: httpx.Client, state: State
) -> None:
    with state() as connection:
        made = add_duplicates(connection, [publish_photo(connection, "twice")], "bytes", sizes=[700])
    address = f"/v1/duplicates/{made}"
    found = client.get(address).json()
    tag = client.post(f"{address}/dismiss").raise_for_status().headers["etag"]
    assert client.post(f"{address}/withdraw", headers={"If-Match": tag}).raise_for_status().json() == found


def test_a_keeper_that_is_not_in_the_group_is_refused(
    client: httpx.Client, state: State, owner: Engine, group: dict[str, str]
) -> None:
    with owner.begin() as connection:
        other = publish_photo(connection, "other")
    for keeper in (str(other), str(uuid.uuid4())):
        answer = client.post(f"/v1/duplicates/{group['group']}/keep", json={"keeper_id": keeper})
        told = problem(answer, 422, "invalid-request")
        assert told["errors"] == [{"pointer": "#/keeper_id", "detail": "it is not in the group"}]
    assert facts(owner) == []


def test_unknown_groups_and_bodies_that_say_nothing_are_problems(client: httpx.Client, group: dict[str, str]) -> None:
    unknown = f"/v1/duplicates/{uuid.uuid4()}"
    problem(client.get(unknown), 404, "not-found")
    problem(client.get(f"{unknown}/photos"), 404, "not-found")
    problem(client.post(f"{unknown}/keep", json={"keeper_id": group["small"]}), 404, "not-found")
    problem(client.post(f"{unknown}/dismiss"), 404, "not-found")
    problem(client.post(f"{unknown}/withdraw"), 404, "not-found")
    assert client.post(f"/v1/duplicates/{group['group']}/keep", json={}).status_code == 422
    assert client.post(f"/v1/duplicates/{group['group']}/keep", json={"keeper_id": "x"}).status_code == 422
    assert client.get("/v1/duplicates", params={"kind": "similar"}).status_code == 422


def test_another_decision_needs_to_have_seen_the_first(
    client: httpx.Client, group: dict[str, str], owner: Engine
) -> None:
    address = f"/v1/duplicates/{group['group']}"
    looked_at = client.get(address).headers["etag"]
    client.post(f"{address}/keep", json={"keeper_id": group["small"]}).raise_for_status()
    problem(client.post(f"{address}/keep", json={"keeper_id": group["grey"]}), 409, "already-decided")
    problem(client.post(f"{address}/dismiss"), 409, "already-decided")
    stale = {"If-Match": looked_at}
    problem(client.post(f"{address}/dismiss", headers=stale), 412, "stale")
    assert len(facts(owner)) == 1
    fresh = {"If-Match": client.get(address).headers["etag"]}
    found = client.post(f"{address}/keep", json={"keeper_id": group["grey"]}, headers=fresh).raise_for_status().json()
    assert (found["keeper_id"], found["wasted_bytes"]) == (group["grey"], 540)
    assert len(facts(owner)) == 2


def test_of_two_who_decide_at_once_one_is_told_so(
    client: httpx.Client,
    client_of: Callable[[str], httpx.Client],
    make_key: Callable[..., str],
    group: dict[str, str],
    owner: Engine,
) -> None:
    address = f"/v1/duplicates/{group['group']}/keep"
    answers: list[httpx.Response] = []

    def say(keeper: str) -> None:
        answers.append(client_of(make_key("duplicates:write")).post(address, json={"keeper_id": group[keeper]}))

    deciders = [threading.Thread(target=say, args=[keeper]) for keeper in ("small", "grey", "original")]
    with owner.begin() as connection:  # everyone waits for this one
        next_epoch(connection)
        for one in deciders:
            one.start()
        for one in deciders:
            one.join(timeout=0.3)
    for one in deciders:
        one.join(timeout=20)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    [won] = [answer.json() for answer in answers if answer.is_success]
    assert client.get(f"/v1/duplicates/{group['group']}").json()["keeper_id"] == won["keeper_id"]
    assert len(facts(owner)) == 1


def test_a_decision_takes_the_next_epoch(client: httpx.Client, group: dict[str, str], state: State) -> None:
    def epochs() -> tuple[int, int]:
        with state() as connection:
            group_epoch = connection.execute(select(schema.duplicate_groups.c.epoch)).scalar_one()
            return connection.execute(select(schema.publish_epoch.c.epoch)).scalar_one(), group_epoch

    before, _ = epochs()
    client.post(f"/v1/duplicates/{group['group']}/dismiss").raise_for_status()
    assert epochs() == (before + 1, before + 1)
    client.post(f"/v1/duplicates/{uuid.uuid4()}/dismiss")
    assert epochs() == (before + 1, before + 1)


def test_stacks_come_with_their_photos_in_order(client: httpx.Client, state: State) -> None:
    with state() as connection:
        frames = [publish_photo(connection, f"frame {number}") for number in range(4)]
        pair = [publish_photo(connection, name) for name in ("developed", "raw")]
        burst, developed = add_stack(connection, frames), add_stack(connection, pair, "raw_jpeg")
    found = walk(client, "/v1/stacks", limit=1)
    assert [(one["id"], one["kind"]) for one in found] == [(str(burst), "burst"), (str(developed), "raw_jpeg")]
    assert [photo["id"] for photo in found[0]["photos"]] == [str(frame) for frame in frames]  # type: ignore[attr-defined]
    assert [one["id"] for one in walk(client, "/v1/stacks", kind="raw_jpeg")] == [str(developed)]


def test_a_photos_stacks_are_those_it_is_in_one_of_a_kind(client: httpx.Client, state: State) -> None:
    with state() as connection:
        frames = [publish_photo(connection, f"frame {number}") for number in range(3)]
        others = [publish_photo(connection, f"other {number}") for number in range(4)]
        raw = publish_photo(connection, "raw")
        burst, developed = add_stack(connection, frames), add_stack(connection, [frames[0], raw], "raw_jpeg")
        add_stack(connection, others)

    def stacks(photo: uuid.UUID, **asked: object) -> list[str]:
        return [str(one["id"]) for one in walk(client, "/v1/stacks", photo_id=str(photo), **asked)]

    assert stacks(frames[0], limit=1) == [str(burst), str(developed)]
    assert stacks(frames[0], kind="raw_jpeg") == [str(developed)]
    assert stacks(frames[2]) == [str(burst)]
    assert stacks(uuid.uuid4()) == []
    [whole] = walk(client, "/v1/stacks", photo_id=str(raw))
    assert [photo["id"] for photo in whole["photos"]] == [str(frames[0]), str(raw)]  # type: ignore[attr-defined]
    cursor = client.get("/v1/stacks", params={"photo_id": str(frames[0]), "limit": 1}).json()["next_cursor"]
    problem(client.get("/v1/stacks", params={"photo_id": str(raw), "cursor": cursor}), 400, "invalid-cursor")
    assert client.get("/v1/stacks", params={"photo_id": "x"}).status_code == 422


def test_strangers_groups_and_stacks_are_never_seen_or_decided(
    client: httpx.Client,
    client_of: Callable[[str], httpx.Client],
    make_key: Callable[..., str],
    state: State,
    owner: Engine,
    group: dict[str, str],
) -> None:
    with state() as connection:
        user = keys.add_user(connection, f"stranger {uuid.uuid4()}")
        library = add_library(connection, user)
        theirs = [publish_photo(connection, name, library_id=library) for name in ("x", "y")]
        their_group = add_duplicates(connection, theirs, library_id=library)
        their_stack = add_stack(connection, theirs, library_id=library)
    stranger = client_of(make_key("photos:read", "duplicates:write", user_id=user))
    assert [one["id"] for one in walk(stranger, "/v1/duplicates")] == [str(their_group)]
    assert walk(client, "/v1/stacks") == []
    assert walk(client, "/v1/stacks", photo_id=str(theirs[0])) == []
    assert [one["id"] for one in walk(stranger, "/v1/stacks", photo_id=str(theirs[0]))] == [str(their_stack)]
    problem(stranger.get(f"/v1/duplicates/{group['group']}"), 404, "not-found")
    mine = {"keeper_id": group["small"]}
    problem(stranger.post(f"/v1/duplicates/{group['group']}/keep", json=mine), 404, "not-found")
    assert stranger.post(f"/v1/duplicates/{their_group}/keep", json=mine).status_code == 422
    assert facts(owner) == []
