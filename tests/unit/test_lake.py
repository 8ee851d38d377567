"""The lake's gateway over a catalog in memory: what it writes, reads, refuses and cleans up."""

import errno
import json
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import duckdb
import pyarrow as pa
import pytest

from darkroom.contracts.arrow import arrow_schema, to_arrow
from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.columns import ComputedRow
from darkroom.contracts.operations import OUTPUT_VERSIONS
from darkroom.contracts.photos import PHOTO_CONTENTS, PHOTOS
from darkroom.contracts.renditions import RENDITIONS
from darkroom.contracts.table import Column, Table
from darkroom.contracts.texts import TEXTS
from darkroom.settings import LakeSettings
from darkroom.stores.lake.faults import LakeSchemaMismatch
from darkroom.testing.lake import memory_lake
from darkroom.testing.rows import EPOCH, sample_row, sample_rows

VERSION, OTHER_VERSION = "a" * 12, "b" * 12


@pytest.fixture
def lake(tmp_path):
    with memory_lake(tmp_path / "lake") as lake:
        yield lake


def parquet_files(folder: Path):
    return sorted(folder.rglob("*.parquet"))


def count(lake, table):
    return lake.query(f"SELECT count(*) AS n FROM core.{table.name}")["n"][0].as_py()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_rows_of_every_contract_come_back_as_they_were_given(lake, table):
    rows = sample_rows(table, 12)
    lake.insert({table.name: rows})
    kept = lake.query(f"FROM core.{table.name}").select(arrow_schema(table).names).cast(arrow_schema(table))
    assert lake.digest(kept) == lake.digest(to_arrow(table, rows))


def test_inserting_the_same_rows_again_changes_nothing_and_makes_no_snapshot(lake):
    rows = {table.name: sample_rows(table, 5) for table in TABLES}
    first = lake.insert(rows)
    before = [count(lake, table) for table in TABLES]
    assert lake.insert(rows) == first
    assert [count(lake, table) for table in TABLES] == before


def test_only_rows_with_new_keys_are_added_and_old_ones_are_kept_as_they_were(lake):
    lake.insert({"texts": sample_rows(TEXTS, 3)})
    changed = [row.model_copy(update={"text": "changed"}) for row in sample_rows(TEXTS, 5)]
    lake.insert({"texts": changed})
    texts = sorted(lake.query("SELECT text FROM core.texts")["text"].to_pylist())
    assert texts == sorted([row.text for row in sample_rows(TEXTS, 3)] + ["changed"] * 2)


def test_equal_keys_within_one_call_are_kept_once(lake):
    row = sample_row(TEXTS, 0)
    lake.insert({"texts": [row, row.model_copy(update={"text": "twin"}), row]})
    assert count(lake, TEXTS) == 1


def test_several_tables_are_committed_together_or_not_at_all(lake):
    bad = to_arrow(TEXTS, sample_rows(TEXTS, 2)).set_column(0, "photo_id", pa.array([None, None], pa.string()))
    before = lake.snapshot()
    with pytest.raises(LakeSchemaMismatch):
        lake.insert({"photos": sample_rows(PHOTOS, 2), "texts": bad})
    assert (count(lake, PHOTOS), lake.snapshot()) == (0, before)
    after = lake.insert({"photos": sample_rows(PHOTOS, 2), "texts": sample_rows(TEXTS, 2)})
    assert after == before + 1


def test_a_fault_halfway_through_a_transaction_leaves_no_row(lake):
    lake.query("ALTER TABLE core.texts DROP COLUMN rotation")
    with pytest.raises(duckdb.Error, match="rotation"):
        lake.insert({"photos": sample_rows(PHOTOS, 2), "texts": sample_rows(TEXTS, 2)})
    assert count(lake, PHOTOS) == 0
    lake.insert({"photos": sample_rows(PHOTOS, 2)})
    assert count(lake, PHOTOS) == 2


def test_nothing_to_insert_is_no_error(lake):
    assert lake.insert({"texts": []}) == lake.insert({}) == lake.snapshot()


def test_an_unknown_table_is_refused_and_the_known_ones_are_named(lake):
    with pytest.raises(KeyError, match=r"no table is called 'pets'; there are .*photos"):
        lake.insert({"pets": []})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda table: table.drop_columns(["rotation"]), "rotation"),
        (lambda table: table.append_column("mood", pa.array(["fine"] * table.num_rows)), "mood"),
        (lambda table: table.set_column(0, "photo_id", pa.array([1] * table.num_rows)), "texts.photo_id is int64"),
        (lambda table: table.set_column(6, "computed_at", table["computed_at"].cast("timestamp[us]")), "computed_at"),
        (lambda table: table.set_column(6, "computed_at", pa.nulls(table.num_rows)), "computed_at is null in 2 rows"),
        (lambda table: table.append_column("text", table["text"]), "repeated columns"),
    ],
    ids=["missing", "unknown", "another type", "no zone", "null", "repeated"],
)
def test_columns_that_are_not_the_contracts_are_refused_by_name(lake, change, named):
    with pytest.raises(LakeSchemaMismatch, match=named):
        lake.insert({"texts": change(to_arrow(TEXTS, sample_rows(TEXTS, 2)))})
    assert count(lake, TEXTS) == 0


def test_arrow_columns_may_come_in_any_order(lake):
    given = to_arrow(TEXTS, sample_rows(TEXTS, 4))
    lake.insert({"texts": given.select(given.column_names[::-1])})
    assert lake.digest(lake.query("FROM core.texts")) == lake.digest(given)


def test_the_newest_attempt_at_the_asked_version_is_read(lake):
    photo = sample_row(TEXTS, 0).photo_id
    lake.insert(
        {
            "texts": [
                sample_row(TEXTS, 0, output_version=version, attempt=attempt, text=f"{version[0]}{attempt}")
                for version, attempt in ((VERSION, 1), (VERSION, 3), (VERSION, 2), (OTHER_VERSION, 9))
            ]
        }
    )
    assert lake.rows("texts", [photo], VERSION)["text"].to_pylist() == ["a3"]
    assert lake.rows("texts", [photo], VERSION).schema == arrow_schema(TEXTS)
    assert lake.rows("texts", ["nobody"], VERSION).num_rows == 0
    assert lake.rows("texts", [], VERSION).num_rows == 0


def test_without_a_version_the_current_one_of_each_library_is_read(lake):
    row = sample_row(TEXTS, 0, output_version=VERSION)
    lake.insert({"texts": [row, row.model_copy(update={"output_version": OTHER_VERSION, "text": "new"})]})
    assert lake.rows("texts", [row.photo_id]).num_rows == 0
    for seconds, version in enumerate((VERSION, OTHER_VERSION)):
        since = EPOCH + timedelta(seconds=seconds)
        facts = {"library_id": row.library_id, "output": "texts", "output_version": version, "since": since}
        lake.insert({"output_versions": [sample_row(OUTPUT_VERSIONS, 0, **facts)]})
    assert lake.rows("texts", [row.photo_id])["text"].to_pylist() == ["new"]


def test_asking_facts_for_a_version_is_an_error(lake):
    with pytest.raises(ValueError, match="photo_contents has no output version"):
        lake.rows("photo_contents", ["x"], VERSION)


def test_the_rows_of_a_batch_are_the_ones_it_wrote(lake):
    batch = sample_row(TEXTS, 0).batch_id
    lake.insert({"texts": [sample_row(TEXTS, n, batch_id=batch) for n in range(3)] + [sample_row(TEXTS, 7)]})
    assert lake.rows_of_batch("texts", batch).num_rows == 3


def test_values_are_bound_and_never_become_sql(lake):
    lake.insert({"texts": sample_rows(TEXTS, 2)})
    hostile = "' OR 1=1 --"
    assert lake.rows("texts", [hostile], hostile).num_rows == 0
    assert lake.rows_of_batch("texts", hostile).num_rows == 0


def test_an_older_snapshot_shows_what_was_there_then(lake):
    early = lake.insert({"texts": sample_rows(TEXTS, 20)})
    late = lake.insert({"texts": sample_rows(TEXTS, 50)})
    seen = [
        lake.query(f"SELECT count(*) AS n FROM core.texts AT (VERSION => {n})")["n"][0].as_py() for n in (early, late)
    ]
    assert seen == [20, 50]
    assert lake.snapshot() == late


def test_the_message_of_a_commit_is_kept(lake):
    snapshot = lake.insert({"texts": sample_rows(TEXTS, 1)}, message="texts of batch 7")
    found = lake.query("SELECT commit_message FROM lake.snapshots() WHERE snapshot_id = ?", [snapshot])
    assert found["commit_message"].to_pylist() == ["texts of batch 7"]


def test_the_digest_minds_content_and_repeats_but_no_order(lake):
    table = to_arrow(TEXTS, sample_rows(TEXTS, 9))
    upside_down = table.take(list(range(8, -1, -1))).select(table.column_names[::-1])
    assert lake.digest(upside_down) == lake.digest(table)
    assert lake.digest(pa.concat_tables([table, table.slice(0, 1)])) != lake.digest(table)
    changed = table.set_column(7, "text", pa.array(["x", *table["text"].to_pylist()[1:]]))
    assert lake.digest(changed) != lake.digest(table)
    assert lake.digest(table.slice(0, 0)) != lake.digest(table)


def test_files_are_encrypted_unless_the_setting_is_off(tmp_path):
    for encrypted, magic in ((True, b"PARE"), (False, b"PAR1")):
        folder = tmp_path / f"encrypted-{encrypted}"
        settings = LakeSettings(encrypted=encrypted, memory_limit="256MB", threads=1)
        with memory_lake(folder, settings) as lake:
            secret = sample_row(TEXTS, 0, text="a very secret text").text
            lake.insert({"texts": [sample_row(TEXTS, n, text=secret) for n in range(40)]})
            files = parquet_files(folder)
            assert [file.read_bytes()[:4] for file in files] == [magic] * len(files) and files
            assert lake.query("SELECT DISTINCT text FROM core.texts")["text"].to_pylist() == [secret]


def test_instants_are_utc_and_wall_times_have_no_zone_whatever_the_machine_says(lake, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    lake.insert({"photo_contents": sample_rows(PHOTO_CONTENTS, 1)})
    row = lake.query("SELECT recorded_at, current_setting('TimeZone') AS zone FROM core.photo_contents").to_pylist()[0]
    assert (row["recorded_at"], row["zone"]) == (EPOCH, "UTC")
    assert row["recorded_at"].utcoffset() == timedelta(0)


def test_threads_may_insert_at_the_same_time(lake):
    faults = []

    def work(number):
        try:
            for step in range(5):
                lake.insert({"texts": [sample_row(TEXTS, 1000 * number + step), sample_row(TEXTS, 7)]})
        except duckdb.Error as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert count(lake, TEXTS) == 4 * 5 + 1


def flushed_at_commits(monkeypatch):
    """Notes which files are on disk whenever the gateway is about to commit."""
    flushed = []

    def fsync(descriptor, really=os.fsync):
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return flushed


def test_files_and_their_folders_are_on_disk_before_a_commit_names_them(lake, tmp_path, monkeypatch):
    flushed = flushed_at_commits(monkeypatch)
    lake.insert({"texts": sample_rows(TEXTS, 20)})
    (file,) = parquet_files(tmp_path)
    assert flushed == [file, file.parent, tmp_path / "lake" / "core", tmp_path / "lake"]

    lake.insert({"texts": [sample_row(TEXTS, n) for n in range(20, 40)]})
    flushed.clear()
    before = set(parquet_files(tmp_path))
    assert lake.upkeep().merged_files == 1
    assert set(parquet_files(tmp_path)) - before <= set(flushed)


def test_a_commit_whose_files_cannot_be_flushed_does_not_happen(lake, monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, "disk fault")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk fault"):
            lake.insert({"texts": sample_rows(TEXTS, 20)})
    assert count(lake, TEXTS) == 0
    lake.insert({"texts": sample_rows(TEXTS, 20)})
    assert count(lake, TEXTS) == 20


def test_upkeep_merges_files_removes_what_nobody_needs_and_changes_no_row(lake, tmp_path):
    snapshots = [lake.insert({"texts": [sample_row(TEXTS, 100 * part + n) for n in range(20)]}) for part in range(4)]
    lake.insert({"texts": [sample_row(TEXTS, 9999)]})  # small enough to be kept in the catalog first
    before = lake.digest(lake.query("FROM core.texts"))
    stray = tmp_path / "lake" / "core" / "texts" / "ducklake-stray.parquet"
    stray.write_bytes(b"half a file of a writer that died")
    assert len(parquet_files(tmp_path)) == 5

    done = lake.upkeep(grace=timedelta(0))
    assert (done.flushed_rows, done.merged_files, done.removed_files) == (1, 1, 6)
    assert len(parquet_files(tmp_path)) == 1
    assert not stray.exists()
    assert lake.digest(lake.query("FROM core.texts")) == before
    assert lake.query(f"FROM core.texts AT (VERSION => {snapshots[1]})").num_rows == 40


def test_snapshots_past_their_age_are_forgotten(tmp_path):
    at_once = LakeSettings(memory_limit="256MB", threads=1).model_copy(update={"snapshots_kept_days": 0})
    with memory_lake(tmp_path, at_once) as lake:
        early = lake.insert({"texts": sample_rows(TEXTS, 20)})
        lake.insert({"texts": sample_rows(TEXTS, 40)})
        assert lake.upkeep().expired_snapshots > 0
        with pytest.raises(duckdb.Error, match="snapshot"):
            lake.query(f"FROM core.texts AT (VERSION => {early})")
        assert count(lake, TEXTS) == 40


def test_upkeep_minds_the_tables_of_marts_too(lake, tmp_path):
    lake.query("CREATE TABLE marts.numbers (n BIGINT)")
    for _ in range(3):
        lake.query("INSERT INTO marts.numbers FROM range(20)")
    assert lake.upkeep(grace=timedelta(0)).merged_files == 1
    assert len(parquet_files(tmp_path)) == 1


def test_upkeep_leaves_young_strays_alone_since_a_writer_may_own_them(lake, tmp_path):
    lake.insert({"texts": sample_rows(TEXTS, 20)})
    young = tmp_path / "lake" / "core" / "texts" / "ducklake-young.parquet"
    young.write_bytes(b"a writer is busy here")
    assert lake.upkeep().removed_files == 0
    assert young.exists()


def test_a_new_nullable_column_is_added_to_a_table_with_rows(lake):
    lake.insert({"texts": sample_rows(TEXTS, 2)})
    lake.query("ALTER TABLE core.texts DROP COLUMN score")
    lake.migrate()
    assert set(lake.query("SELECT score FROM core.texts")["score"].to_pylist()) == {None}
    assert "score" in lake.query("FROM core.current_texts").column_names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("ALTER TABLE core.texts ADD COLUMN mood VARCHAR", "texts differs from its contract in mood"),
        ("ALTER TABLE core.texts DROP COLUMN rotation", "rotation: .*the contract says rotation BIGINT"),
    ],
)
def test_a_table_that_cannot_become_its_contract_is_a_clear_error(lake, change, message):
    lake.query(change)
    with pytest.raises(LakeSchemaMismatch, match=message):
        lake.migrate()


def test_migrating_again_changes_nothing(lake):
    lake.insert({"texts": sample_rows(TEXTS, 2)})
    lake.migrate()
    lake.migrate()
    assert count(lake, TEXTS) == 2


def test_vectors_are_never_kept_in_the_catalog(tmp_path):
    class Embedding(ComputedRow):
        """A vector per photo."""

        vector: Annotated[list[float], Column("Coordinates.")]

    table = Table(name="embeddings", row=Embedding, grain="one", primary_key=("photo_id", "output_version", "attempt"))
    with memory_lake(tmp_path, tables=(OUTPUT_VERSIONS, table)) as lake:
        lake.insert({"embeddings": sample_rows(table, 1, vector=[0.5] * 64)})
        assert len(parquet_files(tmp_path)) == 1
        lake.insert({"output_versions": sample_rows(OUTPUT_VERSIONS, 1)})
        assert len(parquet_files(tmp_path)) == 1


def test_the_gateway_reads_no_python_variable_as_a_table(lake):
    here = pa.table({"x": [1]})
    with pytest.raises(duckdb.CatalogException, match="here"):
        lake.query("FROM here")
    assert json.loads(here.to_pandas().to_json()) == {"x": {"0": 1}}


def renditions(*named: tuple[int, str, str]):
    """Rows of photo 0, 1, …, in a library, with a rendition of this digest."""
    return [
        sample_row(RENDITIONS, index).model_copy(
            update={"photo_id": sample_row(RENDITIONS, photo).photo_id, "library_id": library, "sha256": sha256 * 64}
        )
        for index, (photo, library, sha256) in enumerate(named)
    ]


def test_what_only_some_photos_hold_is_told_from_what_others_of_their_library_hold_as_well(lake):
    rows = renditions((0, "home", "a"), (0, "home", "b"), (1, "home", "b"), (2, "work", "a"), (1, "home", "c"))
    lake.insert({"renditions": rows})
    photos = [sample_row(RENDITIONS, number).photo_id for number in range(3)]
    assert lake.held_alone("renditions", "sha256", photos[:1]) == ["a" * 64]
    assert lake.held_alone("renditions", "sha256", photos[:2]) == ["a" * 64, "b" * 64, "c" * 64]
    assert lake.held_alone("renditions", "sha256", []) == []
    with pytest.raises(KeyError, match="no column"):
        lake.held_alone("renditions", "sha256 --", photos)


def test_photos_are_forgotten_in_a_table_and_in_no_other(lake):
    lake.insert({"photos": sample_rows(PHOTOS, 3), "texts": sample_rows(TEXTS, 3)})
    gone = sample_row(TEXTS, 1).photo_id
    assert lake.forget_photos("texts", [gone]) == 1
    assert lake.forget_photos("texts", [gone, "nobody"]) == lake.forget_photos("texts", []) == 0
    assert (count(lake, TEXTS), count(lake, PHOTOS)) == (2, 3)
    assert gone not in lake.query("FROM core.texts")["photo_id"].to_pylist()
