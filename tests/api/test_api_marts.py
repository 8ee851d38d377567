"""Marts over HTTP: which there are, their rows, and nothing else of the lake."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest
from sqlalchemy import Connection

from api.dependencies import Parts
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.lake import Lake

State = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture
def lake(parts: Parts) -> Iterator[Lake]:
    """The lake with a mart by library, one over all, and what a killed dbt build leaves."""
    run = parts.lake.query
    run(
        "CREATE TABLE marts.daily AS SELECT range AS number, 1.5::DECIMAL(6, 2) AS share, DATE '2024-05-01' AS day,"
        " [1, 2] AS list, 'nan'::DOUBLE AS none,"
        f" CASE WHEN range % 2 = 0 THEN '{DEFAULT_LIBRARY}' ELSE '{uuid.UUID(int=9)}' END AS library_id FROM range(20)"
    )
    run("COMMENT ON TABLE marts.daily IS 'Photos a day'")
    run("COMMENT ON COLUMN marts.daily.day IS 'Local day'")
    run("CREATE TABLE marts.overall AS SELECT 1 AS number")
    run("CREATE TABLE marts.daily__dbt_tmp AS SELECT 1 AS number")
    yield parts.lake
    for name in ("daily", "overall", "daily__dbt_tmp"):
        run(f"DROP TABLE marts.{name}")


def test_marts_are_listed_with_their_columns(client: httpx.Client, lake: Lake) -> None:
    found = client.get("/v1/marts").raise_for_status().json()
    assert [mart["name"] for mart in found["items"]] == ["daily", "overall"]
    assert found["items"][0]["description"] == "Photos a day"
    assert {"name": "day", "type": "DATE", "description": "Local day"} in found["items"][0]["columns"]


def test_rows_are_those_of_the_callers_libraries(client: httpx.Client, lake: Lake) -> None:
    items = client.get("/v1/marts/daily").raise_for_status().json()["items"]
    assert [row["number"] for row in items] == list(range(0, 20, 2))
    assert items[0] == {
        "number": 0,
        "share": "1.50",
        "day": "2024-05-01",
        "list": [1, 2],
        "none": None,
        "library_id": str(DEFAULT_LIBRARY),
    }


def test_a_mart_over_all_libraries_is_for_administrators(
    client: httpx.Client, client_of: Callable[[str], httpx.Client], make_key: Callable[..., str], lake: Lake
) -> None:
    reader = client_of(make_key("marts:read"))
    assert [mart["name"] for mart in reader.get("/v1/marts").json()["items"]] == ["daily"]
    assert reader.get("/v1/marts/overall").status_code == 404
    assert client.get("/v1/marts/overall").json()["items"] == [{"number": 1}]


def test_pages_show_one_version_of_a_mart(client: httpx.Client, lake: Lake) -> None:
    first = client.get("/v1/marts/daily", params={"limit": 4}).json()
    lake.query(f"INSERT INTO marts.daily BY NAME SELECT 99 AS number, '{DEFAULT_LIBRARY}' AS library_id")
    found, cursor = first["items"], first["next_cursor"]
    while cursor:
        page = client.get("/v1/marts/daily", params={"limit": 4, "cursor": cursor}).json()
        found, cursor = found + page["items"], page["next_cursor"]
    assert [row["number"] for row in found] == list(range(0, 20, 2))
    assert 99 in [row["number"] for row in client.get("/v1/marts/daily").json()["items"]]


def test_a_version_that_has_expired_is_a_problem(client: httpx.Client, parts: Parts, lake: Lake) -> None:
    cursor = parts.cursors.seal([10_000_000, -1], "marts", "daily", DEFAULT_LIBRARY)
    answer = client.get("/v1/marts/daily", params={"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-cursor"


@pytest.mark.parametrize(
    "name", ["photos", "core.photos", "daily__dbt_tmp", 'daily"; DROP TABLE marts.daily; --', "nothing", "%00"]
)
def test_nothing_but_marts_can_be_read(client: httpx.Client, lake: Lake, name: str) -> None:
    assert client.get(f"/v1/marts/{name}").status_code == 404
    assert client.get("/v1/marts/daily").status_code == 200
