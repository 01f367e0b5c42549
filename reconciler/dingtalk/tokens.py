"""The access token: fetched once, shared by all threads, renewed before it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.dingtalk.secret import Secret

EARLY_S = 300.0  # renewed that long before it ends


@dataclass(frozen=True, slots=True)
class Token:
    secret: Secret
    life_s: float


class TokenCache:
    """Asks `fetch` for a token when there is none, when it is about to end, or when it was rejected."""

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Secret | None = None
        self._until = 0.0
        self._failure: Exception | None = None

    def fetch_ahead(self) -> None:
        """Begin to fetch a token. Who asks for one waits for it; where it fails, the first who asks is told."""
        threading.Thread(target=self._fetch_ahead, name="token", daemon=True).start()

    def _fetch_ahead(self) -> None:
        with self._lock:
            try:
                self._get()
            except Exception as error:  # noqa: BLE001  # raised again for who asks
                self._failure = error

    def get(self) -> Secret:
        """Return the token. Raises what fetching it does."""
        with self._lock:
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            return self._get()

    def _get(self) -> Secret:
        if self._token is None or self._clock() >= self._until:
            token = self._fetch()
            # A token that lives shorter than the margin is used for half of its life.
            life = max(token.life_s - EARLY_S, token.life_s / 2)
            self._token, self._until = token.secret, self._clock() + life
        return self._token

    def reject(self, token: Secret) -> None:
        """Forget `token`, unless another thread has already replaced it."""
        with self._lock:
            if self._token == token:
                self._token = None
