"""A file of a source is read whole, from where it should be, or not at all: whatever happens to it meanwhile."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from darkroom.services import files
from darkroom.services.files import FileFault, read_photo_file

PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200_000)
MOST = 1_000_000


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture in a folder of a source."""
    path = tmp_path / "source" / "2024" / "one.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(PICTURE)
    return path


def read(photo: Path, most: int = MOST) -> files.FileBytes:
    source = photo.parents[1]
    return read_photo_file(source, os.fsencode(photo.relative_to(source)), most)


def refused(photo: Path, most: int = MOST) -> tuple[str | None, bool]:
    with pytest.raises(FileFault) as fault:
        read(photo, most)
    assert fault.value.reason
    return fault.value.kind, fault.value.transient


def test_a_file_is_read_whole(photo: Path):
    found = read(photo)
    assert (found.data, found.media_type, found.size_bytes) == (PICTURE, "image/jpeg", len(PICTURE))
    assert found.sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert found.mtime_ns == photo.stat().st_mtime_ns


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(PICTURE + b"more"),
        lambda path: path.write_bytes(PICTURE[:100_000]),
        lambda path: (path.write_bytes(PICTURE[::-1]), os.utime(path, ns=(1, 1))),
    ],
    ids=["grown", "cut", "overwritten"],
)
def test_a_file_that_changes_while_it_is_read_is_tried_again_later(
    photo: Path, change: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
):
    sniff = files.sniff

    def meanwhile(head: bytes) -> str | None:
        change(photo)
        return sniff(head)

    monkeypatch.setattr(files, "sniff", meanwhile)
    assert refused(photo) == ("changed", True)


def test_a_file_that_is_gone_is_tried_again_later(photo: Path):
    photo.unlink()
    assert refused(photo) == ("vanished", True)
    photo.parent.rmdir()
    assert refused(photo) == ("vanished", True)


def test_a_file_that_may_not_be_opened_is_tried_again_later(photo: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files, "open_confined", refuse)
    assert refused(photo) == ("unreadable", True)


def test_a_disk_that_fails_while_it_is_read_is_tried_again_later(photo: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(head: bytes) -> str:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "sniff", fail)
    assert refused(photo) == ("unreadable", True)


def test_a_link_in_its_place_or_in_its_folders_place_is_not_followed(photo: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "one.jpg").write_bytes(PICTURE)
    photo.unlink()
    photo.symlink_to(outside / "one.jpg")
    assert refused(photo) == ("unsupported", False)
    photo.unlink()
    photo.parent.rmdir()
    photo.parent.symlink_to(outside, target_is_directory=True)
    assert refused(photo) == ("unsupported", False)


def test_a_pipe_is_no_photo_and_nobody_waits_for_it(photo: Path):
    photo.unlink()
    os.mkfifo(photo)
    assert refused(photo) == ("unsupported", False)


def test_a_file_may_be_as_large_as_the_limit(photo: Path):
    assert read(photo, len(PICTURE)).size_bytes == len(PICTURE)
    assert refused(photo, len(PICTURE) - 1) == ("too_large", False)


def test_what_is_no_photo_says_so_and_a_sidecar_is_no_failure(photo: Path):
    photo.write_bytes(b"")
    assert refused(photo) == ("corrupt", False)
    photo.write_text("hello")
    assert refused(photo) == ("unsupported", False)
    sidecar = photo.with_name("one.jpg.xmp")
    sidecar.write_text('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    assert refused(sidecar) == (None, False)
