"""What every answer has in common: health, metrics, problems, ids, headers and limits."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection

from api.app import create_app, routers
from api.dependencies import Parts
from api.middleware.rates import Buckets
from api.problems import REGISTRY
from darkroom.home import Home, write_private
from darkroom.settings import ApiSettings, Settings
from darkroom.testing.objects import MemoryObjects
from darkroom.testing.postgres import free_port
from darkroom.testing.vectors import MemoryVectors
from tests.api.conftest import served
from tests.api.operations import operations

State = Callable[[], AbstractContextManager[Connection]]


@contextmanager
def another(home: Home, **settings: object) -> Iterator[tuple[str, FastAPI]]:
    """An application of its own, with other settings."""
    parts = Parts(Settings(home=home.root, api=ApiSettings(**settings)))  # type: ignore[arg-type]
    parts.objects, parts.vectors = MemoryObjects(), MemoryVectors()
    app = create_app(parts.settings, parts=parts)
    with served(app) as address:
        yield address, app


def test_a_living_process_says_so(anonymous: httpx.Client) -> None:
    assert anonymous.get("/livez").json() == {"status": "ok"}


def test_a_ready_api_says_how_each_part_stands(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/readyz")
    assert answer.status_code == 200
    found = answer.json()
    assert found["ready"] is True
    assert {name: check["ok"] for name, check in found["checks"].items()} == {
        "state": True,
        "index": True,
        "lake": True,
    }


def test_an_api_whose_database_is_gone_is_alive_but_not_ready(tmp_path: Path, home: Home) -> None:
    gone = Home(tmp_path)
    write_private(gone.endpoints_file, json.dumps({"postgres": {"host": "127.0.0.1", "port": free_port()}}))
    write_private(gone.secrets / "postgres.json", json.dumps({**home.passwords()}))
    with another(gone) as (address, _), httpx.Client(base_url=address) as client:
        assert client.get("/livez").status_code == 200
        answer = client.get("/readyz")
        assert answer.status_code == 503
        checks = answer.json()["checks"]
        assert {name for name, check in checks.items() if not check["ok"]} == {"state", "lake"}
        assert "127.0.0.1" not in answer.text
        assert not any(password in answer.text for password in home.passwords().values())
        refused = client.get("/v1/photos", headers={"Authorization": "Bearer dk_" + "a" * 43})
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/unavailable"
        assert int(refused.headers["retry-after"]) > 0


def test_an_api_that_does_not_fit_its_database_is_not_ready(
    anonymous: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.resources.service.head_revision", lambda: "9999")
    answer = anonymous.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["state"]["ok"] is False


def test_an_api_whose_index_does_not_answer_is_not_ready(home: Home) -> None:
    with another(home) as (address, app), httpx.Client(base_url=address) as client:
        assert client.get("/readyz").json()["checks"]["index"]["ok"]
        app.state.parts.vectors.available = False
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert not answer.json()["checks"]["index"]["ok"]


def test_metrics_count_requests_by_route_and_never_by_path(
    anonymous: httpx.Client, client: httpx.Client, state: State
) -> None:
    photo = uuid.uuid4()
    client.get(f"/v1/photos/{photo}")
    client.get(f"/nowhere/{photo}")
    found = anonymous.get("/metrics")
    assert found.headers["content-type"].startswith("text/plain")
    line = 'darkroom_api_requests_total{method="GET",route="/v1/photos/{photo_id}",status="404"}'
    assert line in found.text
    assert 'route="unmatched",status="404"' in found.text
    assert str(photo) not in found.text


def test_every_type_of_problem_is_described_where_it_says(anonymous: httpx.Client) -> None:
    listed = anonymous.get("/problems").json()["items"]
    assert [one["type"] for one in listed] == [f"/problems/{slug}" for slug in REGISTRY]
    for one in listed:
        assert anonymous.get(one["type"]).json() == one
        assert len(one["meaning"]) > 20
    assert anonymous.get("/problems/nothing").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/v1/photos/", 404, "not-found"),
        ("DELETE", "/v1/photos", 405, "method-not-allowed"),
        ("PUT", "/livez", 405, "method-not-allowed"),
        ("GET", "/v1/photos/not-a-uuid", 422, "invalid-request"),
    ],
)
def test_what_cannot_be_routed_is_a_problem_too(
    client: httpx.Client, method: str, path: str, status: int, slug: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{slug}"
    assert answer.json()["instance"] == f"urn:request:{answer.headers['x-request-id']}"


def test_a_method_that_is_not_allowed_names_those_that_are(client: httpx.Client) -> None:
    assert client.delete("/v1/sources").headers["allow"] == "GET, POST"
    assert client.put(f"/v1/photos/{uuid.uuid4()}").headers["allow"] == "GET"


def test_a_misspelt_parameter_is_refused_and_named(client: httpx.Client) -> None:
    answer = client.get("/v1/photos", params={"filtr": "rating = 5", "limit": 1})
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == ["filtr"]
    assert client.get("/v1/photos", params={"filter": "rating = 5", "limit": 1}).status_code == 200


@pytest.mark.parametrize("body", ["{", '{"path": }', "nonsense", "[" * 5000])
def test_a_body_that_is_no_json_is_a_problem(client: httpx.Client, body: str) -> None:
    answer = client.post("/v1/sources", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_large_is_refused_whether_or_not_it_says_so(client: httpx.Client) -> None:
    large = b'{"path": "' + b"a" * (2 * 1024 * 1024) + b'"}'

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    for content in (large, chunks()):
        answer = client.post("/v1/sources", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert answer.json()["type"] == "/problems/content-too-large"


def test_a_problem_does_not_repeat_what_was_sent(client: httpx.Client) -> None:
    answer = client.post("/v1/imports", json={"source_id": "s3cret-value"})
    assert answer.status_code == 422
    assert "s3cret-value" not in answer.text


def test_a_fault_nobody_foresaw_shows_its_id_and_no_trace(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the password is hunter2")

    monkeypatch.setattr("api.queries.photos.by_ids", broken)
    answer = client.get(f"/v1/photos/{uuid.uuid4()}")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal-error"
    assert answer.json()["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_log_is_a_json_object_a_line_and_shows_no_local_variable() -> None:
    program = """
import structlog
from api.logs import configure_logging
configure_logging()
def fails(key):
    raise ZeroDivisionError("divided")
try:
    fails("dk_" + "s" * 43)
except ZeroDivisionError:
    structlog.get_logger().exception("request failed", path="/v1")
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    logged = json.loads(line)
    assert (logged["event"], logged["path"], logged["level"]) == ("request failed", "/v1", "error")
    assert logged["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert "fails" in line
    assert "sss" not in line


def test_the_log_says_the_path_of_a_request_and_not_what_was_looked_for(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr("api.middleware.requests._log.info", lambda event, **said: told.append(said))
    client.get("/v1/photos/timeline", params={"filter": "keywords:marigold"}).raise_for_status()
    client.post("/v1/search", json={"text": "marigold"}).raise_for_status()
    client.get("/v1/me")  # a line may be written after its answer was sent
    assert {"/v1/photos/timeline", "/v1/search"} <= {said["path"] for said in told}
    assert "marigold" not in str(told)


def test_a_request_is_named_by_the_trace_it_belongs_to(anonymous: httpx.Client) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = anonymous.get("/livez", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert sent.headers["x-request-id"] == trace


@pytest.mark.parametrize(
    "traceparent",
    ["", "x", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff-" + "a" * 32 + "-00f067aa0ba902b7-01", "00-a-b-c"],
)
def test_a_trace_that_is_none_is_not_believed(anonymous: httpx.Client, traceparent: str) -> None:
    ids = {anonymous.get("/livez", headers={"traceparent": traceparent}).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(one) == 32 for one in ids)


def test_every_answer_has_the_headers_that_protect_it(anonymous: httpx.Client, client: httpx.Client) -> None:
    for answer in (anonymous.get("/livez"), client.get("/v1/photos"), client.get("/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "no-store" in answer.headers["cache-control"]


def test_an_answer_tells_what_is_left_of_the_limit(client: httpx.Client) -> None:
    first, second = (client.get("/v1/photos") for _ in range(2))
    assert first.headers["ratelimit-policy"] == '"key";q=60000;w=60'
    assert first.headers["ratelimit"].startswith('"key";r=')
    assert second.status_code == 200


def test_a_key_that_asks_too_often_waits(home: Home, make_key: Callable[..., str]) -> None:
    with another(home, requests_per_minute=5) as (address, _), httpx.Client(base_url=address) as client:
        key = {"Authorization": f"Bearer {make_key('photos:read')}"}
        answers = [client.get("/v1/photos", headers=key) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        refused = answers[-1]
        assert refused.json()["type"] == "/problems/rate-limited"
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit"].startswith('"key";r=0;')
        other = {"Authorization": f"Bearer {make_key('photos:read')}"}
        assert client.get("/v1/photos", headers=other).status_code == 200
        assert client.get("/livez", headers=key).status_code == 200


def test_an_address_that_guesses_keys_waits_while_good_keys_at_it_go_on(
    home: Home, make_key: Callable[..., str]
) -> None:
    with another(home, refused_per_minute=3) as (address, _), httpx.Client(base_url=address) as client:
        good = {"Authorization": f"Bearer {make_key('photos:read')}"}
        assert client.get("/v1/photos", headers=good).status_code == 200
        guesses = [client.get("/v1/photos", headers={"Authorization": f"Bearer dk_{n:043}"}) for n in range(5)]
        assert [guess.status_code for guess in guesses] == [401] * 3 + [429] * 2
        assert client.get("/v1/photos").status_code == 429
        assert client.get("/v1/photos", headers=good).status_code == 200
        assert client.get("/readyz").status_code in (200, 503)


def test_buckets_refill_evenly_and_forget_the_least_recently_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.middleware.rates.MOST_BUCKETS", 2)
    now = [0.0]
    buckets = Buckets(60, clock=lambda: now[0])
    assert all(buckets.take("a") for _ in range(60))
    assert not buckets.take("a")
    assert buckets.wait("a") == 1
    now[0] = 1.0
    assert buckets.take("a")
    assert not buckets.take("a")
    now[0] = 1000.0
    assert buckets.bucket("a").tokens == 60
    buckets.take("b")
    buckets.take("a")
    buckets.take("c")
    assert buckets.bucket("b").tokens == 60


def test_browsers_of_other_origins_are_let_in_by_setting_only(home: Home, anonymous: httpx.Client) -> None:
    origin = {"Origin": "https://photos.example", "Access-Control-Request-Method": "GET"}
    assert "access-control-allow-origin" not in anonymous.get("/livez", headers=origin).headers
    with (
        another(home, cors_origins=["https://photos.example"]) as (address, _),
        httpx.Client(base_url=address) as client,
    ):
        allowed = client.options("/v1/photos", headers=origin)
        assert allowed.headers["access-control-allow-origin"] == "https://photos.example"
        stranger = client.options("/v1/photos", headers={**origin, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers


def test_the_reference_shows_every_route_and_runs_nothing(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in answer.text
    for one in operations():
        assert f"<b>{one.method}</b> <code>{one.path}</code>" in answer.text
    assert "Bearer dk_…" in answer.text


def test_the_routers_that_are_served() -> None:
    assert [router.prefix or router.tags[0] for router in routers()] == [
        "/v1/duplicates",
        "/v1/imports",
        "/v1/faces",
        "gallery",
        "/v1/imports",
        "/v1/marts",
        "/v1/me",
        "/v1/models",
        "/v1/outputs",
        "/v1/people",
        "/v1/photos",
        "service",
        "/v1/photos",
        "/v1/search",
        "/v1/search",
        "service",
        "/v1/sessions",
        "/v1/sources",
        "/v1/stacks",
        "/v1/photos",
        "/v1/why",
    ]
