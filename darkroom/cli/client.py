"""The CLI's way to the running API: address and key from the home, problems turned into sentences.

Belongs here: requests, pages and errors. Does not belong here: what a command prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx

from darkroom.cli import exits
from darkroom.home import Home, NotRunning

PATIENCE_SECONDS = 60.0
"""How long the API may be away in a row: it is started again a second after it has ended."""


class Client:
    """A client of one home's API."""

    def __init__(self, home: Home) -> None:
        try:
            url, key = str(home.endpoints()["api"]["url"]), home.cli_key()
        except (NotRunning, KeyError):
            exits.stop(exits.NOT_RUNNING, f"Darkroom is not running in {home.root}. Start it with `darkroom up`.")
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def get(self, path: str, **params: Any) -> Any:
        """The JSON answer of a GET; parameters that are `None` are left out."""
        return self._json("GET", path, params={name: value for name, value in params.items() if value is not None})

    def find(self, path: str, **params: Any) -> Any | None:
        """The JSON answer of a GET, or `None` where there is nothing."""
        return self._json("GET", path, missing_ok=True, params=params)

    def get_patiently(self, path: str, waiting: Callable[[], None]) -> Any:
        """The JSON answer of a GET, asked again while the API is away; `waiting` is called before each further try."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                answer = self.http.get(path)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return _told(answer)
            waiting()
            time.sleep(0.5)
        return self.get(path)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        """The JSON answer of a POST."""
        return self._json("POST", path, json=body, headers=headers)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer of a PATCH."""
        return self._json("PATCH", path, json=body)

    def upload(self, path: str, data: bytes) -> Any:
        """The JSON answer of a POST of bytes."""
        return self._json("POST", path, content=data, headers={"Content-Type": "application/octet-stream"})

    def delete(self, path: str) -> Any:
        """The JSON answer of a DELETE."""
        return self._json("DELETE", path)

    def pages(self, path: str, limit: int | None, **params: Any) -> Iterator[dict[str, Any]]:
        """Items of a list, page after page, up to `limit`."""
        for page in self._pages(path, limit, None, params):
            yield from page["items"]

    def page(self, path: str, limit: int, cursor: str | None, **params: Any) -> dict[str, Any]:
        """One page of a list from `cursor` on, of any size: the API's own are put together."""
        pages = list(self._pages(path, limit, cursor, params))
        return {"items": [item for page in pages for item in page["items"]], "next_cursor": pages[-1]["next_cursor"]}

    def _pages(
        self, path: str, limit: int | None, cursor: str | None, params: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        given = 0
        while True:
            size = 100 if limit is None else min(100, limit - given)
            page = self.get(path, limit=size, cursor=cursor, **params)
            yield page
            given += len(page["items"])
            cursor = page["next_cursor"]
            if cursor is None or (limit is not None and given >= limit):
                return

    def lines(self, path: str, **params: Any) -> Iterator[str]:
        """Lines of a streamed answer."""
        given = {name: value for name, value in params.items() if value is not None}
        try:
            with self.http.stream("GET", path, params=given, timeout=None) as answer:
                if answer.is_error:
                    answer.read()
                    _explain(answer)
                yield from answer.iter_lines()
        except httpx.TransportError as error:
            self._unreachable(error)

    def _json(self, method: str, path: str, *, missing_ok: bool = False, **options: Any) -> Any:
        try:
            answer = self.http.request(method, path, **options)
        except httpx.TransportError as error:
            self._unreachable(error)
        return None if missing_ok and answer.status_code == httpx.codes.NOT_FOUND else _told(answer)

    def _unreachable(self, error: httpx.TransportError) -> None:
        exits.stop(
            exits.NOT_RUNNING, f"The API at {self.http.base_url} does not answer ({error}). See `darkroom status`."
        )


def _told(answer: httpx.Response) -> Any:
    if answer.is_error:
        _explain(answer)
    return answer.json()


def _explain(answer: httpx.Response) -> None:
    """Ends the command with what a problem document says."""
    try:
        problem = answer.json()
    except ValueError:
        exits.stop(exits.FAILED, f"The API answered {answer.status_code} without saying why.")
    said = str(problem.get("detail") or problem.get("title") or answer.status_code)
    told = [said, *(_fault(error) for error in problem.get("errors", []) if not _is_in(said, error.get("detail", "")))]
    exits.stop(exits.USAGE if answer.status_code in (400, 404, 422) else exits.FAILED, "\n".join(told))


def _fault(error: dict[str, str]) -> str:
    return f"  {(error.get('pointer') or error.get('parameter', '')).removeprefix('#/')}: {error.get('detail', '')}"


def _is_in(said: str, detail: str) -> bool:
    """Whether a problem's sentence names the fault already: then the fault adds only which field it is of."""
    return detail.casefold() in said.casefold()
