"""The measuring itself: ratios the right way round, targets, counting bytes, a corpus that is always the same."""

import hashlib
from pathlib import Path

import pytest

from bench import corpus, search_corpus
from bench.live import bytes_read
from bench.measure import faster, meets, recall, share, table


def test_a_ratio_above_one_means_ours_is_better_and_spread_is_over_rounds():
    result = faster("x", ours=[1, 2, 4], baseline=[4, 4, 4], target=">= 2.0", unit="s")
    assert (result.ratio, result.low, result.high) == (2, 1, 4)
    assert result.met is True
    assert result.to_json()["met"] is True


def test_a_share_is_ours_of_the_whole():
    result = share("x", ours=[3], whole=[100], target="<= 0.02", unit="s")
    assert result.ratio == 0.03
    assert result.met is False
    assert "MISSED" in table([result])


def test_a_recall_is_the_mean_with_the_worst_and_the_best_query():
    result = recall("x", [1, 1, 1, 0.2, 0.8], ">= 0.95")
    assert (result.ratio, result.low, result.high) == (0.8, 0.2, 1)
    assert result.met is False


def test_rounds_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="zip"):
        faster("x", [1, 2], [1], None, "s")


@pytest.mark.parametrize(
    ("ratio", "target", "met"), [(2.5, ">= 2.5", True), (2.4, ">= 2.5", False), (0.05, "<= 0.05", True)]
)
def test_targets_include_their_bound(ratio, target, met):
    assert meets(ratio, target) is met


def test_a_target_nobody_can_read_is_refused():
    with pytest.raises(ValueError, match="not a target"):
        meets(1, "about 2")


def test_bytes_read_counts_reads_and_maps_below_the_folder_only(tmp_path):
    (tmp_path / "photos").mkdir()
    inside, outside = tmp_path / "photos" / "a (1).jpg", tmp_path / "photos2" / "b.jpg"
    trace = tmp_path / "trace"
    trace.write_text(
        f'10 read(3<{inside}>, ""..., 65536) = 100\n'
        f'10 read(3<{inside}>, "", 65536) = 0\n'
        f'11 read(4<{outside}>, ""..., 65536) = 5000\n'
        f"11 mmap(NULL, 40, PROT_READ, MAP_SHARED, 4<{inside}>, 0) = 0x7f0000000000\n"
        f"12 pread64(5<{inside}>,  <unfinished ...>\n"
        f"13 read(6<{outside}>,  <unfinished ...>\n"
        f'12 <... pread64 resumed>""..., 1000, 0) = 7\n'
        f'13 <... read resumed>""..., 1000) = 9000\n'
        f"10 read(3<{inside}>, 0x7f, 10) = -1 EIO (Input/output error)\n"
    )
    assert bytes_read(trace, tmp_path / "photos") == 147


@pytest.mark.parametrize("real", [False, True])
def test_the_corpus_is_the_same_every_time_and_holds_no_bytes_twice(tmp_path, monkeypatch, request, real):
    if real:
        request.getfixturevalue("testdata")
    else:
        monkeypatch.setattr(corpus, "TESTDATA", Path("/nowhere"))
    first, second = corpus.build(tmp_path / "one", 12), corpus.build(tmp_path / "two", 12)
    assert first.real is real

    def digests(one: corpus.Corpus) -> list[str]:
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in (*one.files, *one.held_back)]

    assert digests(first) == digests(second)
    assert len(set(digests(first))) == 13
    first.add(1)
    assert len(first.files) == 13


def test_a_generated_entry_is_known_by_its_id():
    assert [search_corpus.number_of(search_corpus.photo_id(number)) for number in (0, 99_999)] == [0, 99_999]


def test_the_text_of_a_recall_is_said_in_its_sentence():
    assert search_corpus.who_and_where("a dog resting in the snow at night") == "a dog in the snow"
    assert all(
        set(search_corpus.who_and_where(sentence).split()) <= set(sentence.split())
        for sentence in search_corpus.sentences()[:500]
    )


def test_queries_name_a_few_of_the_generated_people_and_their_texts_of_recalls_nobody():
    said = {word for sentence in search_corpus.sentences() for word in sentence.split()}
    named = [name for name in search_corpus.names() if said & set(name.lower().split())]
    assert len(set(search_corpus.names())) == 50
    assert named == list(search_corpus.ASKED_FOR)
    judged = {word for sentence in search_corpus.sentences() for word in search_corpus.who_and_where(sentence).split()}
    assert not judged & {word for name in search_corpus.names() for word in name.lower().split()}
