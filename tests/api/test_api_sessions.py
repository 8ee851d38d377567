"""Signing in with a one-time address, and what a session's cookie is worth to its owner and to everyone else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Connection, delete, select, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.home import Home
from darkroom.security.keys import digest
from darkroom.security.sessions import PAGE_SCOPES, SAFE_METHODS, generate
from darkroom.stores.state import schema
from tests.api.operations import Operation, operations
from tests.api.test_api_service import another

State = Callable[[], AbstractContextManager[Connection]]
KEYED = [one for one in operations() if one.scopes]
SAME = {"Sec-Fetch-Site": "same-origin"}


def code_of(client: httpx.Client) -> str:
    """A new one-time code."""
    made = client.post("/v1/sessions/codes")
    assert made.status_code == 201, made.text
    return str(urlsplit(made.json()["address"]).query.removeprefix("code="))


def visit(address: str, code: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{address}/signin", params={"code": code}, headers=headers)


def cookie_of(answer: httpx.Response) -> Morsel[str]:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


@pytest.fixture
def sign_in(address: str, client: httpx.Client, state: State) -> Iterator[Callable[[], httpx.Client]]:
    """Signs a new browser in: a client with the cookie only, that says what our page's requests say."""
    made: list[httpx.Client] = []

    def signed_in() -> httpx.Client:
        cookie = cookie_of(visit(address, code_of(client)))
        made.append(httpx.Client(base_url=address, headers=SAME, cookies={cookie.key: cookie.value}))
        return made[-1]

    yield signed_in
    for one in made:
        one.close()


@pytest.fixture
def page(sign_in: Callable[[], httpx.Client]) -> httpx.Client:
    return sign_in()


def refused(answer: httpx.Response, status: int = 401, slug: str = "unauthenticated") -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{slug}"


def test_the_address_signs_a_browser_in_and_leads_to_the_gallery(address: str, client: httpx.Client) -> None:
    answer = visit(address, code_of(client))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = cookie_of(answer)
    assert cookie.key == f"darkroom_{urlsplit(address).port}"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert not cookie["secure"]
    assert not cookie["domain"]
    assert int(cookie["max-age"]) == 30 * 24 * 3600
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_who_is_signed_in_may_do_what_the_page_needs_and_no_more(page: httpx.Client) -> None:
    found = page.get("/v1/me").json()
    assert found["scopes"] == sorted(PAGE_SCOPES)
    assert [library["id"] for library in found["libraries"]] == [str(DEFAULT_LIBRARY)]
    left = datetime.fromisoformat(found["session"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    refused(page.post("/v1/sessions/codes"), 403, "forbidden")


@pytest.mark.parametrize("operation", KEYED, ids=lambda one: f"{one.method} {one.path}")
def test_every_route_takes_the_cookie_from_the_own_page_only(page: httpx.Client, operation: Operation) -> None:
    allowed = set(operation.scopes) <= set(PAGE_SCOPES)
    for site in ("cross-site", "same-site"):
        refused(operation.ask(page, **{"Sec-Fetch-Site": site}), 403, "cross-site-request")
    if operation.method not in SAFE_METHODS:
        refused(operation.ask(page, **{"Sec-Fetch-Site": "none"}), 403, "cross-site-request")
    answer = operation.ask(page)
    if allowed:
        assert answer.status_code not in (401, 403)
    else:
        refused(answer, 403, "forbidden")


def test_where_browsers_say_nothing_the_origin_must_be_our_own(address: str, page: httpx.Client) -> None:
    del page.headers["Sec-Fetch-Site"]
    assert page.get("/v1/photos").status_code == 200
    body = {"limit": 1}
    refused(page.post("/v1/search", json=body), 403, "cross-site-request")
    for origin in ("null", "https://evil.example", address.replace("http:", "https:"), f"{address}0"):
        refused(page.post("/v1/search", json=body, headers={"Origin": origin}), 403, "cross-site-request")
    assert page.post("/v1/search", json=body, headers={"Origin": address}).status_code == 200


def test_a_form_of_another_site_starts_nothing(page: httpx.Client, state: State) -> None:
    sent = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
    refused(page.post("/v1/imports", content=b"{}", headers=sent), 403, "cross-site-request")
    with state() as connection:
        assert connection.execute(select(schema.requests.c.id)).all() == []


def test_a_code_works_once(address: str, client: httpx.Client) -> None:
    code = code_of(client)
    assert visit(address, code).status_code == 303
    again = visit(address, code)
    assert again.status_code == 401
    assert "set-cookie" not in again.headers
    assert again.headers["content-type"].startswith("text/html")


def test_of_many_who_come_with_one_code_at_once_one_is_signed_in(address: str, client: httpx.Client) -> None:
    code = code_of(client)
    start = threading.Barrier(8)
    answers: list[httpx.Response] = []

    def race() -> None:
        start.wait()
        answers.append(visit(address, code))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [303] + [401] * 7


def test_two_browsers_are_signed_in_side_by_side(sign_in: Callable[[], httpx.Client]) -> None:
    one, other = sign_in(), sign_in()
    assert one.get("/v1/me").json()["session"]["id"] != other.get("/v1/me").json()["session"]["id"]


def test_a_code_expires(address: str, client: httpx.Client, state: State) -> None:
    code = code_of(client)
    with state() as connection:
        table = schema.sign_in_codes
        connection.execute(update(table).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert visit(address, code).status_code == 401


NO_CODES = {"none": "", "short": "x", "unknown": generate(), "long": "a" * 100, "nul": "%00", "sql": "' OR 1=1 --"}


@pytest.mark.parametrize("code", NO_CODES.values(), ids=NO_CODES)
def test_a_code_that_is_none_signs_nobody_in(address: str, code: str) -> None:
    answer = visit(address, code)
    assert answer.status_code == (401 if code else 200)
    assert "set-cookie" not in answer.headers


def test_what_only_fetches_ahead_leaves_the_code_as_it_was(address: str, client: httpx.Client) -> None:
    code = code_of(client)
    for headers in (
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Dest": "iframe"},
    ):
        answer = visit(address, code, **headers)
        assert answer.status_code == 409
        assert "set-cookie" not in answer.headers
    assert visit(address, code, **{"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}).status_code == 303


def test_the_code_of_a_revoked_key_is_void_and_its_sessions_end(
    address: str, make_key: Callable[..., str], client_of: Callable[[str], httpx.Client], state: State
) -> None:
    key = make_key("admin")
    keyed = client_of(key)
    waiting, used = code_of(keyed), code_of(keyed)
    cookie = cookie_of(visit(address, used))
    with httpx.Client(base_url=address, headers=SAME, cookies={cookie.key: cookie.value}) as page:
        assert page.get("/v1/me").status_code == 200
        with state() as connection:
            table = schema.api_keys
            connection.execute(update(table).where(table.c.digest == digest(key)).values(revoked_at=datetime.now(UTC)))
        refused(page.get("/v1/me"))
    assert visit(address, waiting).status_code == 401


@pytest.mark.parametrize("how", ["expired", "ended", "deleted"])
def test_a_session_that_is_over_is_worth_nothing(page: httpx.Client, state: State, how: str) -> None:
    assert page.get("/v1/photos").status_code == 200
    table = schema.sessions
    past = datetime.now(UTC) - timedelta(seconds=1)
    statement = {
        "expired": update(table).values(expires_at=past),
        "ended": update(table).values(ended_at=past),
        "deleted": delete(table),
    }[how]
    with state() as connection:
        connection.execute(statement)
    refused(page.get("/v1/photos"))


def test_signing_out_ends_the_session_and_no_other(sign_in: Callable[[], httpx.Client]) -> None:
    one, other = sign_in(), sign_in()
    stolen = dict(one.cookies)
    answer = one.delete("/v1/sessions/current")
    assert answer.json() == {"ended": 1}
    forgotten = cookie_of(answer)
    assert (forgotten.value, forgotten["max-age"], forgotten["path"]) == ("", "0", "/")
    refused(httpx.get(f"{one.base_url}/v1/photos", cookies=stolen))
    assert other.get("/v1/photos").status_code == 200


def test_a_key_has_no_session_to_end(client: httpx.Client, page: httpx.Client) -> None:
    assert client.delete("/v1/sessions/current").json() == {"ended": 0}
    assert client.get("/v1/me").json()["session"] is None
    assert page.get("/v1/photos").status_code == 200


def test_everyone_is_signed_out_at_once_and_waiting_codes_are_void(
    address: str, client: httpx.Client, state: State, sign_in: Callable[[], httpx.Client]
) -> None:
    pages, waiting = [sign_in(), sign_in()], code_of(client)
    assert client.delete("/v1/sessions").json() == {"ended": 2}
    for page in pages:
        refused(page.get("/v1/photos"))
    assert visit(address, waiting).status_code == 401
    assert client.delete("/v1/sessions").json() == {"ended": 0}


def test_signing_in_again_ends_the_session_the_browser_had(
    address: str, client: httpx.Client, page: httpx.Client
) -> None:
    before = dict(page.cookies)
    answer = httpx.get(f"{address}/signin", params={"code": code_of(client)}, cookies=before)
    assert cookie_of(answer).value not in before.values()
    refused(httpx.get(f"{address}/v1/photos", cookies=before))


def test_a_bad_key_is_not_mended_by_a_good_cookie(page: httpx.Client) -> None:
    for sent in ("Bearer dk_nonsense", "Basic abc", "", f"Bearer dk_{generate()}"):
        refused(page.get("/v1/photos", headers={"Authorization": sent}))


def test_the_cookie_of_another_port_is_not_ours(address: str, page: httpx.Client) -> None:
    (token,) = page.cookies.values()
    refused(httpx.get(f"{address}/v1/photos", cookies={"darkroom": token, "darkroom_1": token}))


def test_nothing_secret_is_kept_or_logged(
    address: str, client: httpx.Client, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, object]] = []
    for module in ("api.dependencies", "api.middleware.requests", "api.resources.gallery"):
        for level in ("info", "warning"):
            monkeypatch.setattr(f"{module}._log.{level}", lambda event, **said: told.append({"event": event, **said}))
    code = code_of(client)
    token = cookie_of(visit(address, code)).value
    assert visit(address, code).status_code == 401
    with httpx.Client(base_url=address, headers=SAME, cookies={f"darkroom_{urlsplit(address).port}": token}) as page:
        page.get("/v1/photos")
        page.delete("/v1/sessions/current")
        page.get("/v1/photos")
    with state() as connection:
        rows = [
            str(row)
            for table in (schema.sign_in_codes, schema.sessions)
            for row in connection.execute(select(table)).all()
        ]
    events = [one["event"] for one in told]
    assert {"signed in", "sign-in refused", "session refused", "request"} <= set(events)
    assert any(one["session"] for one in told if one["event"] == "request")
    for secret in (code, token):
        assert secret not in str(told)
        assert not any(secret in row for row in rows)


def test_over_tls_the_cookie_is_for_tls_and_this_host_only(
    home: Home, client_of: Callable[[str], httpx.Client], make_key: Callable[..., str]
) -> None:
    public = "https://photos.example.org"
    with another(home, public_url=public) as (address, _):
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {make_key('admin')}"}) as client:
            made = client.post("/v1/sessions/codes").json()
        assert made["address"].startswith(f"{public}/signin?code=")
        cookie = cookie_of(visit(address, made["address"].rpartition("=")[2]))
        assert cookie.key == "__Host-darkroom"
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
        sent = {"Cookie": f"{cookie.key}={cookie.value}", "Origin": public}
        assert httpx.post(f"{address}/v1/search", json={"limit": 1}, headers=sent).status_code == 200
        refused(
            httpx.post(f"{address}/v1/search", json={"limit": 1}, headers={**sent, "Origin": address}),
            403,
            "cross-site-request",
        )


def test_guessing_codes_and_tokens_is_slow_while_who_is_signed_in_goes_on(
    home: Home, make_key: Callable[..., str]
) -> None:
    with another(home, refused_per_minute=4) as (address, _):
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {make_key('admin')}"}) as client:
            cookie = cookie_of(visit(address, code_of(client)))
        good = {"Cookie": f"{cookie.key}={cookie.value}", **SAME}
        assert httpx.get(f"{address}/v1/photos", headers=good).status_code == 200
        guesses = [visit(address, generate()).status_code for _ in range(2)]
        guesses += [httpx.get(f"{address}/v1/photos", cookies={cookie.key: generate()}).status_code for _ in range(4)]
        assert guesses == [401] * 4 + [429] * 2
        assert visit(address, generate()).status_code == 429
        assert httpx.get(f"{address}/v1/photos", headers=good).status_code == 200


def test_a_session_that_asks_too_often_waits(home: Home, make_key: Callable[..., str]) -> None:
    with another(home, requests_per_minute=3) as (address, _):
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {make_key('admin')}"}) as client:
            cookie = cookie_of(visit(address, code_of(client)))
        good = {"Cookie": f"{cookie.key}={cookie.value}", **SAME}
        answers = [httpx.get(f"{address}/v1/photos", headers=good).status_code for _ in range(5)]
        assert answers == [200] * 3 + [429] * 2


@pytest.mark.parametrize("path", ["/", "/signin", "/signin?code=abc", "/gallery/index.html"])
def test_the_page_runs_its_own_scripts_only_and_is_shown_in_no_frame(anonymous: httpx.Client, path: str) -> None:
    headers = anonymous.get(path).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"


def test_nothing_but_the_pages_own_files_is_served(anonymous: httpx.Client) -> None:
    for path in (
        "/gallery/..%2fapp.py",
        "/gallery/%2e%2e/app.py",
        "/gallery//etc/passwd",
        "/gallery/",
        "/gallery/x.js",
    ):
        answer = anonymous.get(path)
        assert answer.status_code in (401, 404), path
        assert "create_app" not in answer.text


def test_a_file_is_sent_again_only_when_it_changed(anonymous: httpx.Client) -> None:
    first = anonymous.get("/gallery/index.html")
    again = anonymous.get("/gallery/index.html", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert "no-cache" in first.headers["cache-control"]
