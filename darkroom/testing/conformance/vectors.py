"""What every search index must do: subclass `VectorStoreConformance` with a `store` fixture giving an empty index."""

# ruff: noqa: D102, S101 - these are tests, named as sentences

from __future__ import annotations

import threading

import pytest

from darkroom.domain.filters import parse
from darkroom.domain.words import query_words
from darkroom.sdk.stores import Entry, Hit, Parts, VectorStore
from darkroom.testing.album import FILTERS, MINE, THEIRS, album, entry


def ids(hits: list[Hit]) -> list[str]:
    """Photo ids in order."""
    return [hit.photo_id for hit in hits]


class VectorStoreConformance:
    """The suite."""

    @pytest.fixture
    def store(self) -> VectorStore:
        """An empty index."""
        raise NotImplementedError

    def find(self, store: VectorStore, asked: str, limit: int = 10) -> list[Hit]:
        """What a query finds in the library `MINE`."""
        return store.search_words(" ".join(query_words(asked)), libraries=[MINE], limit=limit)

    def test_an_empty_index_finds_nothing(self, store: VectorStore) -> None:
        assert self.find(store, "anything") == []
        assert store.search_filter(libraries=[MINE], limit=5, filter=None) == []
        assert list(store.photo_ids([MINE])) == []

    def test_an_entry_is_found_right_after_its_write(self, store: VectorStore) -> None:
        store.upsert([entry("a", "a receipt"), entry("b", "a beach")])
        store.upkeep()
        store.upsert([entry("c", "another receipt")])
        assert set(ids(self.find(store, "receipt"))) == {"a", "c"}

    @pytest.mark.parametrize(
        ("said", "asked"),
        [
            ("Hauptstraße 5", "HAUPTSTRASSE"),
            ("Hauptstrasse 5", "hauptstraße"),
            ("Übergrößenträger", "ubergrossentrager"),
            ("Crème brûlée à l'été", "creme ete"),
            ("CREME BRULEE", "crème brûlée"),
            ("我爱北京天安门", "北京"),
            ("我爱北京天安门", "门"),
            ("東京タワー", "タワー"),
            ("서울특별시", "특별시"),
            ("The Who live at Leeds", "the who"),
            ("ﬁle ２０１９", "file 2019"),
            ("IMG_2041.JPG", "2041"),
            ("Ёлка", "елка"),
            ("x" * 60, "x" * 60),
        ],
    )
    def test_words_are_found_however_they_are_written(self, store: VectorStore, said: str, asked: str) -> None:
        store.upsert([entry("other", "nothing alike"), entry("wanted", said)])
        assert ids(self.find(store, asked)) == ["wanted"]

    def test_stop_words_are_words(self, store: VectorStore) -> None:
        store.upsert([entry("band", "The Who"), entry("other", "somebody else")])
        assert ids(self.find(store, "the who")) == ["band"]
        assert ids(self.find(store, "the")) == ["band"]

    def test_nothing_is_stemmed_and_no_part_of_a_word_is_found(self, store: VectorStore) -> None:
        store.upsert([entry("a", "running shoes")])
        assert self.find(store, "run") == []
        assert self.find(store, "shoe") == []

    def test_chinese_pairs_rank_the_word_above_its_characters(self, store: VectorStore) -> None:
        store.upsert([entry("apart", "京北"), entry("word", "北京")])
        assert ids(self.find(store, "北京")) == ["word"]

    def test_more_of_the_words_ranks_higher_across_properties(self, store: VectorStore) -> None:
        some = [entry(f"filler{number}", f"filler {number}") for number in range(20)]
        store.upsert([*some, entry("one", "harbour"), entry("both", "sunset", title="harbour"), entry("none", "wood")])
        found = self.find(store, "harbour sunset")
        assert ids(found) == ["both", "one"]
        assert found[0].score > found[1].score > 0

    def test_a_rare_word_counts_more_than_a_common_one(self, store: VectorStore) -> None:
        store.upsert([entry(f"p{number}", "common ground") for number in range(20)])
        store.upsert([entry("rare", "zebra ground")])
        assert ids(self.find(store, "common zebra"))[0] == "rare"

    def test_ties_go_by_photo_id_and_a_limit_keeps_the_same_of_them_each_time(self, store: VectorStore) -> None:
        names = [f"p{number:03d}" for number in range(300)]
        store.upsert([entry(name, "same words") for name in reversed(names)])
        assert ids(self.find(store, "same", limit=1000)) == names
        few = ids(self.find(store, "same", limit=7))
        assert len(set(few)) == 7
        assert few == sorted(few)
        assert [ids(self.find(store, "same", limit=7)) for _ in range(5)] == [few] * 5

    @pytest.mark.parametrize("asked", ["", "   ", "😀", "' OR 1=1 --", '"; DROP', "( AND", "*", "\\", "a:b^2~", "\x00"])
    def test_odd_queries_find_nothing_and_do_no_harm(self, store: VectorStore, asked: str) -> None:
        store.upsert([entry("wanted", "holiday")])
        assert self.find(store, asked) == []
        assert store.search_words("or AND not ( '", libraries=[MINE], limit=5) == []
        assert ids(self.find(store, "holiday")) == ["wanted"]

    def test_only_the_named_libraries_are_searched(self, store: VectorStore) -> None:
        store.upsert([entry("mine", "beach"), entry("theirs", "beach", library_id=THEIRS)])
        assert ids(self.find(store, "beach")) == ["mine"]
        assert store.search_words("beach", libraries=[], limit=5) == []
        assert store.search_filter(libraries=[], limit=5, filter=None) == []
        assert list(store.photo_ids([])) == []
        assert set(ids(store.search_words("beach", libraries=[MINE, THEIRS], limit=5))) == {"mine", "theirs"}
        assert list(store.photo_ids([THEIRS])) == ["theirs"]
        assert store.search_words("beach", libraries=["x') OR ('1'='1"], limit=5) == []

    @pytest.mark.parametrize(("filter", "accepted"), FILTERS, ids=[text for text, _ in FILTERS])
    def test_a_filter_accepts_what_it_says(self, store: VectorStore, filter: str, accepted: tuple[str, ...]) -> None:
        store.upsert(album())
        assert ids(store.search_filter(libraries=[MINE], limit=10, filter=parse(filter))) == list(accepted)

    def test_a_filter_is_applied_before_the_limit(self, store: VectorStore) -> None:
        store.upsert([entry(f"p{number:03d}", "beach " * (1 + number % 3)) for number in range(200)])
        store.patch({"p150": {"rating": 5.0}, "p199": {"rating": 5.0}})
        hits = store.search_words("beach", libraries=[MINE], limit=2, filter=parse("rating = 5"))
        assert sorted(ids(hits)) == ["p150", "p199"]

    def test_a_filter_search_stops_at_its_limit(self, store: VectorStore) -> None:
        store.upsert([entry(name) for name in "dcba"])
        assert ids(store.search_filter(libraries=[MINE], limit=2, filter=None)) == ["a", "b"]

    def test_upsert_replaces_an_entry_whole(self, store: VectorStore) -> None:
        store.upsert(album())
        store.upsert([entry("a", "new words")])
        assert self.find(store, "berlin") == []
        assert ids(self.find(store, "new")) == ["a"]
        assert store.search_filter(libraries=[MINE], limit=5, filter=parse("rating = 5")) == []
        assert sorted(store.photo_ids([MINE])) == ["a", "b", "c", "d"]
        assert set(ids(store.fetch(["a", "c", "nobody"]))) == {"a", "c"}
        assert store.fetch([]) == []

    def test_the_later_of_two_entries_in_one_upsert_counts(self, store: VectorStore) -> None:
        store.upsert([entry("a", "early"), entry("a", "late")])
        assert self.find(store, "early") == []
        assert ids(self.find(store, "late")) == ["a"]
        assert list(store.photo_ids([MINE])) == ["a"]

    def test_patch_changes_properties_and_nothing_else(self, store: VectorStore) -> None:
        store.add_space("space", 2)
        first, *others = album()
        store.upsert([Entry(first.photo_id, MINE, first.words, first.properties, {"space": [1.0, 0.0]}), *others])
        store.patch({"a": {"rating": 1.0, "lens": None}, "b": {"lens": "50mm"}, "nobody": {"rating": 1.0}})
        assert ids(store.search_filter(libraries=[MINE], limit=5, filter=parse("rating = 1 AND keywords:mauer"))) == [
            "a"
        ]
        assert ids(store.search_filter(libraries=[MINE], limit=5, filter=parse("lens = 50mm AND rating = -1"))) == ["b"]
        assert ids(self.find(store, "berlin")) == ["a"]
        assert ids(store.search_vector("space", [1.0, 0.0], libraries=[MINE], limit=5)) == ["a"]
        assert sorted(store.photo_ids([MINE])) == ["a", "b", "c", "d"]

    def test_delete_removes_entries_and_forgives_unknown_ids(self, store: VectorStore) -> None:
        store.upsert(album())
        store.delete(["a", "nobody"])
        store.delete([])
        assert self.find(store, "berlin") == []
        assert sorted(store.photo_ids([MINE])) == ["b", "c", "d"]

    def test_vectors_are_ranked_by_cosine(self, store: VectorStore) -> None:
        store.add_space("visual", 3)
        store.upsert([entry("none")])
        near, far, longer = [1.0, 0.1, 0.0], [0.0, 1.0, 0.0], [10.0, 0.0, 0.0]
        store.upsert([Entry(name, MINE, vectors={"visual": v}) for name, v in (("f", far), ("n", near), ("l", longer))])
        hits = store.search_vector("visual", [1.0, 0.0, 0.0], libraries=[MINE], limit=5)
        assert ids(hits) == ["l", "n", "f"]
        assert hits[0].score == pytest.approx(1.0, abs=1e-5)
        assert hits[2].score == pytest.approx(0.0, abs=1e-5)
        assert store.search_vector("visual", [1.0, 0.0, 0.0], libraries=[THEIRS], limit=5) == []

    def test_only_the_named_photos_are_searched(self, store: VectorStore) -> None:
        store.add_space("space", 2)
        store.upsert([entry(f"p{number}", "beach " * (9 - number)) for number in range(9)])
        store.upsert([Entry(f"v{number}", MINE, vectors={"space": [1.0, number / 9]}) for number in range(9)])
        few = ["p7", "v3", "p4", "v8", "nobody", "x') OR ('1'='1"]
        assert ids(store.search_words("beach", libraries=[MINE], limit=5, among=few)) == ["p4", "p7"]
        assert ids(store.search_vector("space", [1.0, 0.0], libraries=[MINE], limit=5, among=few)) == ["v3", "v8"]
        assert ids(store.search_vector("space", [1.0, 0.0], libraries=[MINE], limit=1, among=few)) == ["v3"]
        assert store.search_vector("space", [1.0, 0.0], libraries=[THEIRS], limit=5, among=few) == []
        assert store.search_words("beach", libraries=[MINE], limit=5, among=[]) == []
        assert store.search_words("beach", libraries=[MINE], limit=5, among=()) == []
        assert store.search_vector("space", [1.0, 0.0], libraries=[MINE], limit=5, among=[]) == []
        assert store.search_vector("space", [1.0, 0.0], libraries=[MINE], limit=5, among=()) == []

    def test_ten_thousand_photos_may_be_named(self, store: VectorStore) -> None:
        store.add_space("space", 2)
        store.upsert([Entry(f"p{n}", MINE, {"title": "beach"}, vectors={"space": [1.0, n / 9]}) for n in range(9)])
        many = [*(f"nobody{number}" for number in range(9998)), "p3", "p7"]
        for hits in (
            store.search_words("beach", libraries=[MINE], limit=20_000, among=many),
            store.search_vector("space", [1.0, 0.0], libraries=[MINE], limit=20_000, among=many),
        ):
            assert ids(hits) == ["p3", "p7"]

    @pytest.mark.parametrize("dimension", [2, 480])
    def test_entries_without_a_vector_are_never_near(self, store: VectorStore, dimension: int) -> None:
        def vector(second: float) -> list[float]:
            return [1.0, second] + [0.0] * (dimension - 2)

        store.add_space("space", dimension)
        bare = [entry(f"none{number}", "no vector") for number in range(30)]
        store.upsert([*bare, *(Entry(f"v{number}", MINE, vectors={"space": vector(number)}) for number in range(3))])
        for limit in (2, 100):
            hits = store.search_vector("space", vector(0.0), libraries=[MINE], limit=limit)
            assert ids(hits) == ["v0", "v1", "v2"][:limit]
        assert store.search_vector("space", vector(0.0), libraries=[MINE], limit=5, among=["none1", "none2"]) == []
        store.upsert([entry("v0", "its vector is gone")])
        assert ids(store.search_vector("space", vector(0.0), libraries=[MINE], limit=5)) == ["v1", "v2"]
        store.flip("alias", "space")
        assert sorted(store.photo_ids([MINE], "space")) == sorted(store.photo_ids([MINE], "alias")) == ["v1", "v2"]
        assert list(store.photo_ids([THEIRS], "space")) == list(store.photo_ids([MINE], "unknown")) == []

    def test_parts_come_back_as_they_were_given_whoever_finds_the_entry(self, store: VectorStore) -> None:
        store.add_space("space", 3)
        store.add_space("other", 2)
        given = {"space": [1.0, 2.0, 0.5], "other": [1.0, 0.0]}
        store.upsert([Entry("a", MINE, {"title": "red kite", "text": "over sea"}, vectors=given)])
        store.upsert([entry("b", "kite without a vector"), Entry("c", MINE, vectors={"space": [1.0, 0.0, 0.0]})])
        store.flip("document", "space")
        parts = Parts(document=True, spaces=("space", "document", "other", "unknown"))
        expected = {
            "a": ("red kite over sea", {**given, "document": given["space"]}),
            "b": ("kite without a vector", {}),
            "c": ("", {"space": [1.0, 0.0, 0.0], "document": [1.0, 0.0, 0.0]}),
        }

        def read(hits: list[Hit]) -> dict[str, tuple[str, dict[str, list[float]]]]:
            return {hit.photo_id: (hit.document, {k: v.tolist() for k, v in hit.vectors.items()}) for hit in hits}

        def chosen(*names: str) -> dict[str, object]:
            return {name: expected[name] for name in names}

        assert read(store.search_words("kite", libraries=[MINE], limit=5, parts=parts)) == chosen("a", "b")
        near = store.search_vector("space", [1.0, 0.0, 0.0], libraries=[MINE], limit=5, parts=parts)
        assert read(near) == chosen("c", "a")
        assert read(store.fetch(["a", "b", "c", "nobody"], parts)) == expected

    def test_parts_nobody_asked_for_do_not_come(self, store: VectorStore) -> None:
        store.add_space("space", 2)
        store.upsert([Entry("a", MINE, {"title": "kite"}, vectors={"space": [1.0, 0.0]})])
        found = [
            *self.find(store, "kite"),
            *store.search_vector("space", [1.0, 0.0], libraries=[MINE], limit=5),
            *store.fetch(["a"]),
        ]
        assert [(hit.photo_id, hit.document, hit.vectors) for hit in found] == [("a", "", {})] * 3

    def test_a_filter_is_applied_before_the_nearest_are_taken(self, store: VectorStore) -> None:
        store.add_space("space", 2)
        near = [Entry(f"p{number:03d}", MINE, vectors={"space": [1.0, number / 200]}) for number in range(200)]
        store.upsert(near)
        store.patch({"p150": {"rating": 5.0}, "p199": {"rating": 5.0}})
        hits = store.search_vector("space", [1.0, 0.0], libraries=[MINE], limit=3, filter=parse("rating = 5"))
        assert ids(hits) == ["p150", "p199"]

    def test_an_alias_moves_from_space_to_space(self, store: VectorStore) -> None:
        store.add_space("old", 2)
        store.add_space("new.model-2", 3)
        store.upsert([Entry("a", MINE, vectors={"old": [1, 0]}), Entry("b", MINE, vectors={"new.model-2": [0, 1, 0]})])
        store.flip("visual", "old")
        assert ids(store.search_vector("visual", [1, 0], libraries=[MINE], limit=5)) == ["a"]
        store.flip("visual", "new.model-2")
        assert ids(store.search_vector("visual", [0, 1, 0], libraries=[MINE], limit=5)) == ["b"]

    def test_a_space_is_declared_once(self, store: VectorStore) -> None:
        store.add_space("visual", 3)
        store.add_space("visual", 3)
        with pytest.raises(ValueError, match="dimensions"):
            store.add_space("visual", 4)
        with pytest.raises(ValueError, match="nowhere"):
            store.flip("visual", "nowhere")
        with pytest.raises(ValueError, match="unknown"):
            store.search_vector("unknown", [1.0], libraries=[MINE], limit=1)

    @pytest.mark.parametrize(
        "vector", [[1.0, 0.0], [0.0, 0.0, 0.0], [float("nan"), 0.0, 1.0], [float("inf"), 0.0, 1.0]]
    )
    def test_a_bad_vector_is_refused_and_nothing_is_written(self, store: VectorStore, vector: list[float]) -> None:
        store.add_space("visual", 3)
        with pytest.raises(ValueError, match="visual"):
            store.upsert([Entry("a", MINE, vectors={"visual": vector})])
        assert list(store.photo_ids([MINE])) == []

    def test_unknown_properties_are_refused(self, store: VectorStore) -> None:
        store.upsert([entry("a", "kept")])
        with pytest.raises(ValueError, match="colour"):
            store.upsert([Entry("b", MINE, properties={"colour": "red"})])
        with pytest.raises(ValueError, match="poem"):
            store.upsert([Entry("b", MINE, words={"poem": "red"})])
        with pytest.raises(ValueError, match="colour"):
            store.patch({"a": {"colour": "red"}})
        assert list(store.photo_ids([MINE])) == ["a"]

    def test_upkeep_changes_no_result(self, store: VectorStore) -> None:
        for number in range(5):
            store.upsert([entry(f"p{number}", f"beach {number}")])
        store.delete(["p0"])
        before = self.find(store, "beach 3")
        assert store.upkeep()
        assert ids(self.find(store, "beach 3")) == ids(before)
        assert store.upkeep()
        assert len(before) == 4

    def test_threads_share_an_index(self, store: VectorStore) -> None:
        errors: list[BaseException] = []

        def work(name: str) -> None:
            try:
                for number in range(5):
                    store.upsert([entry(f"{name}{number}", f"beach {name}")])
                    assert len(self.find(store, name)) == number + 1
            except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
                errors.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in ("ada", "bob", "cleo")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(self.find(store, "beach", limit=100)) == 15
