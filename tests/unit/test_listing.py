"""Every regular file of a source is listed once, whatever its name; nothing outside it is."""

import os
from pathlib import Path

import pytest

from darkroom.domain.paths import unescape
from darkroom.services.listing import Unlisted, list_files
from darkroom.stores.state.sources import SeenFile


def paths(root: Path, below: str | None = None) -> list[str]:
    return [file.path for file in list_files(root, below) if isinstance(file, SeenFile)]


def test_files_come_folder_by_folder_in_name_order(tmp_path: Path):
    for name in ("b/two.jpg", "b/one.jpg", "a.jpg", "b/c/three.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert paths(tmp_path) == ["a.jpg", "b/one.jpg", "b/two.jpg", "b/c/three.jpg"]


def test_links_loops_pipes_and_junk_are_left_alone(tmp_path: Path):
    outside = tmp_path / "outside"
    source = tmp_path / "source"
    outside.mkdir()
    source.mkdir()
    (outside / "secret.jpg").write_bytes(b"x")
    (source / "photo.jpg").write_bytes(b"x")
    (source / "loop").symlink_to(source)
    (source / "way-out").symlink_to(outside)
    (source / "link.jpg").symlink_to(outside / "secret.jpg")
    os.mkfifo(source / "pipe.jpg")
    (source / ".DS_Store").write_bytes(b"x")
    (source / "._photo.jpg").write_bytes(b"x")
    assert paths(source) == ["photo.jpg"]


def test_names_that_are_no_utf8_and_very_long_ones_are_listed(tmp_path: Path):
    raw = os.fsencode(tmp_path)
    for name in (b"caf\xe9.jpg", b"n" * 255, "日本 %41.jpg".encode()):
        Path(os.fsdecode(raw + b"/" + name)).write_bytes(b"x")
    listed = [file for file in list_files(tmp_path) if isinstance(file, SeenFile)]
    assert {file.path_raw for file in listed} == {b"caf\xe9.jpg", b"n" * 255, "日本 %41.jpg".encode()}
    assert all((tmp_path / unescape(file.path)).is_file() for file in listed)


def test_a_part_of_a_source_is_listed_alone_and_never_what_is_beside_it(tmp_path: Path):
    source = tmp_path / "source"
    (source / "2019").mkdir(parents=True)
    (source / "2019" / "one.jpg").write_bytes(b"x")
    (source / "two.jpg").write_bytes(b"x")
    (tmp_path / "beside.jpg").write_bytes(b"x")
    assert paths(source, "2019") == ["2019/one.jpg"]
    assert paths(source, "two.jpg") == ["two.jpg"]
    with pytest.raises(FileNotFoundError):
        paths(source, "../beside.jpg")


def test_a_source_that_is_not_there_is_an_error_and_an_unreadable_folder_in_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(FileNotFoundError):
        paths(tmp_path / "gone")
    (tmp_path / "photo.jpg").write_bytes(b"x")
    (tmp_path / "closed").mkdir()
    (tmp_path / "vanishes").mkdir()
    scan = os.scandir

    def refuse(folder: Path):
        """Rights do not bind root, who may run this test."""
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        if folder.name == "vanishes":
            raise FileNotFoundError(2, "No such file or directory")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    listed = list(list_files(tmp_path))
    assert [one.path for one in listed] == ["photo.jpg", "closed"]
    assert listed[1] == Unlisted("closed", "permission denied")


def test_a_path_too_long_to_be_kept_costs_only_itself(tmp_path: Path):
    folder = tmp_path
    for _ in range(4):
        folder = folder / os.fsdecode(b"\xff" * 255)
    folder.mkdir(parents=True)
    (folder / "photo.jpg").write_bytes(b"x")
    (tmp_path / "photo.jpg").write_bytes(b"x")
    near, far = list(list_files(tmp_path))
    assert near.path == "photo.jpg"
    assert isinstance(far, Unlisted) and "longer" in far.reason
