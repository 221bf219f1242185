"""What a running search shows."""

import time
from typing import TYPE_CHECKING, Self

from kvproof.adversary.campaign.archive import Entry
from kvproof.adversary.campaign.campaign import Campaign, Update
from kvproof.scheduling.exact import decimal

if TYPE_CHECKING:
    from rich.console import Console

_EVERY = 0.2  # seconds between refreshes of a terminal


class View:
    """An observer: one live line on a terminal, a plain line for each witness elsewhere."""

    def __init__(self, campaign: Campaign, console: "Console") -> None:
        from rich.live import Live

        self._campaign = campaign
        self._console = console
        terminal = self._console.is_terminal
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._terminal = terminal
        self._best: Entry | None = None
        self._engine = ""
        self._begun = self._shown = time.monotonic()
        self._before = 0

    def __enter__(self) -> Self:
        if self._terminal:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._terminal:
            self._live.stop()

    def __call__(self, update: Update) -> None:
        """Show a update."""
        now = time.monotonic()
        progress = update.progress
        if update.engine != self._engine:
            self._engine, self._begun, self._before = update.engine, now, 0
            self._before = max(0, progress.evaluations - 64)
        entry = update.entry
        if entry is not None:
            if self._best is None or entry.ratio > self._best.ratio:
                self._best = entry
            note = f"  VIOLATES {entry.violates}" if entry.violates else ""
            self._console.print(
                f"{update.engine}: {progress.evaluations:,} evaluations, certified ratio "
                f"{decimal(entry.ratio, 4, up=False)} (eps {float(entry.eps):.4g}, "
                f"{entry.requests:,} requests){note}"
            )
        if self._terminal and (entry is not None or now - self._shown > _EVERY):
            self._shown = now
            self._live.update(self._line(update, now), refresh=True)

    def _line(self, update: Update, now: float) -> str:
        progress = update.progress
        rate = (progress.evaluations - self._before) / max(1e-9, now - self._begun)
        best = "none yet" if self._best is None else decimal(self._best.ratio, 4, up=False)
        return (
            f"{update.engine} {progress.evaluations:,}/{self._campaign.evaluations:,}  "
            f"certified {best}  bound {self._allowed(update)}  "
            f"search {progress.best:.4f}  {rate:,.0f}/s  accepted {progress.accepted:,}"
        )

    def _allowed(self, update: Update) -> str:
        shown = self._campaign.claims.shown
        if update.witness is None or shown is None:
            return "-"
        allowed = shown.at(update.witness.instance)
        return "-" if allowed is None else decimal(allowed, 4, up=True)
