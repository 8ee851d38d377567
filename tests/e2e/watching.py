"""Somebody who looks all the time: whatever is visible must be whole, at every moment, whatever is being broken.

Belongs here: looking through the API as any client would. Does not belong here: what whole means (`oracle`).
"""

from __future__ import annotations

import threading
from typing import Any, Self

import httpx

from darkroom.home import NotRunning
from tests.e2e.driving import Darkroom, Unavailable
from tests.e2e.oracle import Broken, check_coded, require

PAUSE = 0.2


class Watcher(threading.Thread):
    """Lists and searches inside the `with` block, at whose end what it saw broken is raised.

    An API that is away is nothing broken.
    """

    def __init__(self, darkroom: Darkroom, word: str) -> None:
        super().__init__(name="watcher", daemon=True)
        self._darkroom = darkroom
        self._word = word
        self._finished = threading.Event()
        self._seen: set[str] = set()
        self._epoch = 0
        self._broken: BaseException | None = None
        self.looks = 0
        self.away = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._finished.set()
        self.join(60)
        if self._broken is not None:
            raise self._broken from error
        require(error is not None or self.looks > 0, "the API was never there to be looked at")

    def run(self) -> None:
        """Looks."""
        while not self._finished.wait(PAUSE):
            try:
                with self._darkroom.client() as client:
                    while not self._finished.wait(PAUSE):
                        self._look(client)
                        self.looks += 1
            except (httpx.TransportError, Unavailable, NotRunning, ValueError):
                self.away += 1
            except Broken as broken:
                self._broken = broken
                return
            except BaseException as error:  # noqa: BLE001 - a watcher that stopped watching must not look content
                self._broken = error
                return

    def _look(self, client: httpx.Client) -> None:
        epoch = self._search(client)
        cursor, listed = None, 0
        while True:
            page = _asked(client.get("/v1/photos", params={"limit": 200, **({"cursor": cursor} if cursor else {})}))
            for photo in page["items"]:
                listed += 1
                if photo["id"] not in self._seen:
                    check_coded(client, photo)
                    self._seen.add(photo["id"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        require(listed >= len(self._seen), f"{len(self._seen)} photos were visible, now {listed} are")
        require(epoch >= self._epoch, f"epoch {self._epoch} was shown, now {epoch} is")
        self._epoch = epoch

    def _search(self, client: httpx.Client) -> int:
        found = _asked(client.post("/v1/search", json={"text": self._word, "limit": 50}))
        for hit in found["items"]:
            photo = hit["photo"]
            if photo["id"] not in self._seen:
                check_coded(client, photo)
            there = client.get(f"/v1/photos/{photo['id']}")
            require(there.status_code in (200, *range(500, 600)), f"found by search, and then {there.status_code}")
        return int(found["epoch"])


def _asked(answer: httpx.Response) -> Any:
    if answer.status_code >= 500:
        raise Unavailable(f"{answer.status_code}")
    require(answer.status_code == 200, f"{answer.request.url}: {answer.status_code}: {answer.text[:300]}")
    return answer.json()
