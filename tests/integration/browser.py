"""Chromium in a thread of its own, for trial tests: Playwright's plain interface beside a running reactor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar, TypeVar

from playwright.sync_api import Browser, BrowserContext, sync_playwright
from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred

T = TypeVar("T")

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class BrowserThread:
    """One browser; everything that touches it runs in its thread, by `run`."""

    _shared: ClassVar[BrowserThread | None] = None

    @classmethod
    def shared(cls) -> BrowserThread:
        """Return the one browser of this run, begun on first use and ended with the reactor."""
        if cls._shared is None:
            cls._shared = cls()
            reactor.addSystemEventTrigger("before", "shutdown", cls._shared.quit)  # type: ignore[attr-defined]
        return cls._shared

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "chromium")
        self._pool.submit(self._start).result()

    def _start(self) -> None:
        self._playwright = sync_playwright().start()
        self._browser: Browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

    def run(self, function: Callable[..., T], *args: Any) -> Deferred[T]:
        """Run a function in the browser's thread while the reactor goes on."""
        deferred: Deferred[T] = Deferred()

        def done(future: Future[T]) -> None:
            error = future.exception()
            told = (deferred.callback, future.result()) if error is None else (deferred.errback, error)
            reactor.callFromThread(*told)  # type: ignore[attr-defined]

        self._pool.submit(function, *args).add_done_callback(done)
        return deferred

    def context(self, **options: Any) -> BrowserContext:
        """Return a new profile; call it in the thread."""
        context = self._browser.new_context(ignore_https_errors=True, accept_downloads=True, **options)
        context.set_default_timeout(10_000)
        return context

    def quit(self) -> None:
        """End the browser."""
        self._pool.submit(self._browser.close).result()
        self._pool.submit(self._playwright.stop).result()
        self._pool.shutdown()
