"""What a running search shows."""

from collections.abc import Callable

from kvproof.adversary.campaign.archive import Entry
from kvproof.adversary.campaign.campaign import Campaign, Update
from kvproof.scheduling.exact import decimal


class View:
    """An observer that says how far each engine is, and the best that was certified.

    Parameters
    ----------
    campaign
        What runs.
    show
        Called with keywords description, completed and total: words, and evaluations.
    about
        What stands before the words.
    """

    def __init__(self, campaign: Campaign, show: Callable[..., None], *, about: str = "") -> None:
        self._campaign = campaign
        self._show = show
        self._about = about
        self._best: Entry | None = None

    def __call__(self, update: Update) -> None:
        """Show an update."""
        entry = update.entry
        if entry is not None and (self._best is None or entry.ratio > self._best.ratio):
            self._best = entry
        best = self._best
        certified = "none yet" if best is None else decimal(best.ratio, 4, up=False)
        violated = "" if best is None or best.violates is None else f", VIOLATES {best.violates}"
        self._show(
            description=f"{self._about}{update.engine}: certified {certified}{violated}",
            completed=update.progress.evaluations,
            total=self._campaign.evaluations,
        )
