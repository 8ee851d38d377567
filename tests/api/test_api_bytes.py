"""Renditions and originals over HTTP: whole, in ranges, from the store and the source, and never from elsewhere."""

import hashlib
import os
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, update

from api.dependencies import Parts
from darkroom.domain.identity import DEFAULT_LIBRARY, original_key, rendition_key
from darkroom.domain.paths import escape
from darkroom.stores.state import schema
from darkroom.testing.serving import add_source, publish_photo

State = Callable[[], AbstractContextManager[Connection]]
BYTES = bytes(range(256)) * 4
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def kept(parts: Parts, state: State) -> str:
    """Address of an original in the object store."""
    parts.objects.put(original_key(DEFAULT_LIBRARY, SHA256), BYTES, SHA256)
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/gone", mode="copy")
        photo = publish_photo(connection, "Größe 1.jpg", content=BYTES, source_id=source)
    return f"/v1/photos/{photo}/original"


@pytest.fixture(autouse=True)
def emptied(parts: Parts) -> None:
    for info in list(parts.objects.list("")):
        parts.objects.delete(info.key)


def test_an_original_is_sent_whole_with_its_digest_as_validator(client: httpx.Client, kept: str) -> None:
    answer = client.get(kept)
    assert answer.status_code == 200
    assert answer.content == BYTES
    assert answer.headers["etag"] == f'"{SHA256}"'
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(BYTES))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.jpg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, 1023),
        ("bytes=-10", 1014, 1023),
        ("bytes=-5000", 0, 1023),
        ("bytes=1000-5000", 1000, 1023),
        ("Bytes = 1 - 2", 1, 2),
    ],
)
def test_a_range_is_sent_alone(client: httpx.Client, kept: str, asked: str, first: int, last: int) -> None:
    answer = client.get(kept, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == BYTES[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/1024"


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_outside_of_the_file_cannot_be_satisfied(client: httpx.Client, kept: str, asked: str) -> None:
    answer = client.get(kept, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */1024"
    assert answer.json()["type"] == "/problems/range-not-satisfiable"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-2", "bytes=", "bytes=-", "lines=1-2", "bytes=a-b"])
def test_a_range_that_is_not_understood_is_ignored(client: httpx.Client, kept: str, asked: str) -> None:
    answer = client.get(kept, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, BYTES)


def test_a_range_of_another_version_is_not_sent(client: httpx.Client, kept: str) -> None:
    same = client.get(kept, headers={"Range": "bytes=0-9", "If-Range": f'"{SHA256}"'})
    other = client.get(kept, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)


@pytest.mark.parametrize("known", [f'"{SHA256}"', f'W/"{SHA256}"', f'"x", "{SHA256}"', "*"])
def test_bytes_the_client_has_are_not_sent_again(client: httpx.Client, kept: str, known: str) -> None:
    answer = client.get(kept, headers={"If-None-Match": known})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == f'"{SHA256}"'
    assert client.get(kept, headers={"If-None-Match": '"other"'}).status_code == 200


@dataclass
class InPlace:
    """A photo of a source that is read in place."""

    address: str
    file: Path
    photo_id: uuid.UUID


@pytest.fixture
def in_place(state: State, tmp_path: Path) -> InPlace:
    file = tmp_path / "2024" / "100% Größe.jpg"
    file.parent.mkdir()
    file.write_bytes(BYTES)
    modified_at = datetime.fromtimestamp(file.stat().st_mtime_ns / 1e9, UTC)
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, escape(os.fsencode(tmp_path)))
        name = escape(os.fsencode(file.relative_to(tmp_path)))
        photo = publish_photo(connection, name, content=BYTES, source_id=source)
        connection.execute(update(schema.photo_files).values(modified_at=modified_at))
    return InPlace(f"/v1/photos/{photo}/original", file, photo)


def test_an_original_that_is_read_in_place_comes_from_its_source(client: httpx.Client, in_place: InPlace) -> None:
    assert client.get(in_place.address).content == BYTES
    assert client.get(in_place.address, headers={"Range": "bytes=5-9"}).content == BYTES[5:10]


def test_a_file_that_changed_is_not_passed_off_as_the_original(client: httpx.Client, in_place: InPlace) -> None:
    in_place.file.write_bytes(BYTES[::-1])
    os.utime(in_place.file, (1, 1))
    answer = client.get(in_place.address)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/original-changed"


def test_a_file_that_grew_is_not_passed_off_as_the_original(client: httpx.Client, in_place: InPlace) -> None:
    before = in_place.file.stat()
    in_place.file.write_bytes(BYTES + b"x")
    os.utime(in_place.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert client.get(in_place.address).status_code == 409


def test_a_file_that_is_gone_is_gone(client: httpx.Client, in_place: InPlace) -> None:
    in_place.file.unlink()
    answer = client.get(in_place.address)
    assert answer.status_code == 410
    assert answer.json()["type"] == "/problems/original-gone"


def test_a_copy_elsewhere_in_the_source_stands_in_for_a_file_that_is_gone(
    client: httpx.Client, in_place: InPlace, state: State
) -> None:
    copy = in_place.file.with_name("copy.jpg")
    in_place.file.rename(copy)
    with state() as connection:
        connection.execute(update(schema.photo_files).values(path="2024/copy.jpg"))
    assert client.get(in_place.address).content == BYTES


def test_a_link_in_the_place_of_a_file_is_no_way_out(client: httpx.Client, in_place: InPlace, tmp_path: Path) -> None:
    secret = tmp_path.parent / "secret.jpg"
    secret.write_bytes(BYTES)
    modified = in_place.file.stat().st_mtime_ns
    os.utime(secret, ns=(modified, modified))
    in_place.file.unlink()
    in_place.file.symlink_to(secret)
    assert client.get(in_place.address).status_code == 410


def test_a_link_in_the_place_of_a_folder_is_no_way_out(client: httpx.Client, in_place: InPlace, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    in_place.file.parent.rename(outside)
    (tmp_path / "2024").symlink_to(outside)
    assert client.get(in_place.address).status_code == 410


@pytest.mark.parametrize("path", ["../secret.jpg", "/etc/passwd", "2024/../../secret.jpg", "2024//x", ".", "2024"])
def test_a_path_that_leads_out_of_its_source_is_never_opened(
    client: httpx.Client, in_place: InPlace, state: State, tmp_path: Path, path: str
) -> None:
    secret = tmp_path.parent / "secret.jpg"
    secret.write_bytes(BYTES)
    with state() as connection:
        connection.execute(update(schema.photo_files).values(path=path))
    assert client.get(in_place.address).status_code == 410


@pytest.mark.parametrize("kind", ["thumbnail", "display"])
def test_a_rendition_may_be_kept_for_ever_at_the_address_the_photo_names(
    client: httpx.Client, parts: Parts, state: State, kind: str
) -> None:
    picture = b"\x89PNG" + BYTES
    digest = hashlib.sha256(picture).hexdigest()
    parts.objects.put(rendition_key(DEFAULT_LIBRARY, digest), picture, digest)
    with state() as connection:
        photo = publish_photo(connection, "a", **{f"{kind}_sha256": digest})
    named = client.get(f"/v1/photos/{photo}").json()["renditions"][kind]
    answer = client.get(named)
    assert (answer.status_code, answer.content) == (200, picture)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    for other in (named.partition("?")[0], f"{named[:-1]}z", named.partition("v=")[0] + "v="):
        assert client.get(other).headers["cache-control"] == "private, no-cache"
    assert client.get(named, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_rendition_that_is_not_there_is_not_found(client: httpx.Client, state: State) -> None:
    with state() as connection:
        none = publish_photo(connection, "none")
        lost = publish_photo(connection, "lost", thumbnail_sha256="ab" * 32)
    for photo in (none, lost, uuid.uuid4()):
        answer = client.get(f"/v1/photos/{photo}/renditions/thumbnail")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/not-found"
    assert client.get(f"/v1/photos/{none}/renditions/huge").status_code == 422
