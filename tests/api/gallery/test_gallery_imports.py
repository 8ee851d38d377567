"""Imports in the gallery: live while they run, honest when they end, startable and stoppable."""

import uuid

from sqlalchemy import insert, select, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import schema
from darkroom.testing.serving import add_source
from tests.api.conftest import empty
from tests.api.gallery.conftest import SignIn, World


def ask(world: World, **values: object) -> uuid.UUID:
    """An import of the world's source, in a state of its own."""
    with world.owner.begin() as connection:
        row = {"library_id": DEFAULT_LIBRARY, "kind": "import", "source_id": world.source, **values}
        made = insert(schema.requests).values(row).returning(schema.requests.c.id)
        return connection.execute(made).scalar_one()  # type: ignore[no-any-return]


def change(world: World, request: uuid.UUID, **values: object) -> None:
    with world.owner.begin() as connection:
        connection.execute(update(schema.requests).where(schema.requests.c.id == request).values(values))


def test_where_nothing_was_imported_it_is_said_how(sign_in: SignIn, bare: World) -> None:
    with sign_in("#/imports") as page:
        page.read("Nothing was imported yet")
        page.read("darkroom import ~/Pictures")
        page.js("location.hash = '#/'")
        page.read("No photos yet")


def test_an_import_is_followed_from_listing_to_its_end(sign_in: SignIn, bare: World) -> None:
    request = ask(bare, state="planning", files_listed=12)
    with sign_in("#/imports") as page:
        page.read("listing files")
        page.read("12 files seen")
        assert page.js("document.querySelector('progress').position") == -1
        change(bare, request, state="running", files_listed=40, files_new=30)
        page.read("30 new")
        page.until("document.querySelector('progress').value === 0")
        with bare.owner.begin() as connection:
            own = {"library_id": DEFAULT_LIBRARY, "request_id": request}
            made = insert(schema.batches).values(**own, kind="import", files=30, state="running")
            batch = connection.execute(made.returning(schema.batches.c.id)).scalar_one()
            items = [
                {
                    "library_id": DEFAULT_LIBRARY,
                    "batch_id": batch,
                    "position": at,
                    "state": "taken" if at < 15 else "waiting",
                }
                for at in range(30)
            ]
            connection.execute(insert(schema.batch_items), items)
            connection.execute(insert(schema.progress).values(**own, batch_id=batch, step="intake", done=15, total=30))
        page.until("document.querySelector('progress').value > 0")
        change(bare, request, state="succeeded")
        page.see(".import.succeeded")
        page.until("!document.querySelector('progress')")
        events = [url for url in page.requests if url.endswith("/events")]
        assert len(events) == 1, "an ended import is not asked about again"


def test_many_imports_at_once_leave_room_for_everything_else(sign_in: SignIn, bare: World) -> None:
    with bare.owner.begin() as connection:
        empty(connection)
        bare.source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures", name="Pictures")
    oldest, *others = [ask(bare, state="new", files_listed=number) for number in range(8)]
    change(bare, others[0], state="running")
    with sign_in("#/imports") as page:
        page.until("document.querySelectorAll('.import').length === 8")
        page.until("document.querySelectorAll('.import.running').length === 1")
        change(bare, oldest, state="failed", error="the folder is gone")
        page.read("the folder is gone")
        followed = {url.split("/")[-2] for url in page.requests if url.endswith("/events")}
        assert followed == {str(others[0]), str(others[-1])}, "what runs, and the newest that waits"
        change(bare, others[0], state="succeeded")
        page.see(".import.succeeded")
        page.until("document.querySelectorAll('.import.failed, .import.succeeded').length === 2")
        page.js("location.hash = '#/health'")
        page.read("Database answers")


def test_what_failed_has_its_reason(sign_in: SignIn, bare: World) -> None:
    request = ask(bare, state="failed", files_listed=1, files_new=1, error="every batch failed")
    with bare.owner.begin() as connection:
        values = {"library_id": DEFAULT_LIBRARY, "kind": "import", "request_id": request, "files": 1, "state": "failed"}
        batch = connection.execute(insert(schema.batches).values(values).returning(schema.batches.c.id)).scalar_one()
        item = {"batch_id": batch, "position": 0, "library_id": DEFAULT_LIBRARY, "state": "failed"}
        connection.execute(insert(schema.batch_items).values(item))
        told = {"output": "intake", "kind": "corrupt", "reason": "the file is empty", "transient": False}
        where = {"library_id": DEFAULT_LIBRARY, "batch_id": batch, "source_id": bare.source, "path": "a%20b.jpg"}
        connection.execute(insert(schema.failures).values(**told, **where))
    with sign_in("#/imports") as page:
        page.read("every batch failed")
        page.click(".failures summary")
        page.read("a b.jpg")
        page.read("the file is empty")


def test_a_folder_is_looked_through_again_and_stopped(sign_in: SignIn, bare: World) -> None:
    with sign_in("#/imports") as page:
        page.click(".sources .button")
        page.read("waiting")
        page.click(".import.new .actions .button")
        page.read("stopping")
    with bare.owner.begin() as connection:
        states = connection.execute(select(schema.requests.c.state)).scalars().all()
    assert "cancelling" in states


def test_how_complete_it_is_shows_with_reasons_that_lead_to_the_photos(sign_in: SignIn, world: World) -> None:
    with world.owner.begin() as connection:
        table = schema.published_outputs
        mine = (table.c.photo_id == world.photos["undated.jpg"], table.c.output == "texts")
        connection.execute(update(table).where(*mine).values(state="failed", reason="the reader died"))
    with sign_in("#/health") as page:
        page.read("Database answers")
        page.see(".completeness")
        cells = "[...one.children].map(cell => cell.innerText)"
        told = page.js(f"[...document.querySelectorAll('.completeness tbody tr')].map(one => {cells})")
        rows = {row[0]: row[2:] for row in told}
        photos = len(world.photos)
        assert rows["texts"] == [str(photos - 1), "0", "1", "0"]
        assert rows["index"] == ["0", str(photos), "0", "0"]
        page.read("the reader died")
        page.see(".plot rect.value")
        page.click(".whys a")
        page.until("document.querySelectorAll('.tile').length === 1")
        page.says(".chip span", "texts failed")
