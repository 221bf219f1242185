"""A search from beginning to end: an engine and the baselines, certified, on disk, resumable."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from kvproof.adversary.campaign.archive import Archive, EngineProgress, Entry
from kvproof.adversary.engines import BASELINES, Engine, make_engine
from kvproof.adversary.genomes.families import family_genomes
from kvproof.adversary.genomes.space import Genome
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.valuation.workers import Workers
from kvproof.adversary.witnesses.claims import Claims, Coverage
from kvproof.adversary.witnesses.shrink import shrink
from kvproof.adversary.witnesses.witness import Witness, make_witness
from kvproof.adversary.witnesses.witness_file import check_fresh
from kvproof.scheduling.exact import as_pq, decimal
from kvproof.scheduling.interruption import Interruption, interruption
from kvproof.scheduling.shown import Shown

#: The best so far is certified this often in a run, and written with the engine's state.
COMMITS = 20
#: A witness is certified when it is better than the last by this factor.
BETTER = 1 + 1e-4


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A search.

    Parameters
    ----------
    objective, claims
        What is searched, and what is held against each witness.
    engine
        Name of the engine; the baselines run beside it at equal evaluations.
    evaluations
        How many each may spend.
    seed
        Equal seeds give equal runs, with any number of workers.
    from_families
        Whether engine and baselines begin at the structured families instead of at random.
    baselines
        Whether the baselines run.
    """

    objective: Objective
    claims: Claims
    engine: str
    evaluations: int
    seed: int
    from_families: bool = False
    baselines: bool = True

    @property
    def engines(self) -> tuple[str, ...]:
        """The engine, then the baselines that it is not."""
        beside = BASELINES if self.baselines else ()
        return (self.engine, *(name for name in beside if name != self.engine))


@dataclass(frozen=True, kw_only=True)
class Update:
    """What an observer is told after each batch or commit.

    Parameters
    ----------
    engine, progress
        Who, and how far.
    witness
        The witness just certified and committed, or None.
    entry
        The same as it was stored.
    """

    engine: str
    progress: EngineProgress
    witness: Witness | None = None
    entry: Entry | None = None


Observer = Callable[[Update], None]


@dataclass(frozen=True, kw_only=True, repr=False)
class CampaignResult(Shown):
    """How a campaign ended.

    Parameters
    ----------
    entries
        All witnesses, in the order in which they were found.
    interrupted
        Whether Ctrl-C ended it.
    violates
        Name of the claim that a witness contradicts, or None.
    tested
        On how many of the witnesses each claim was tested.
    """

    entries: tuple[Entry, ...]
    interrupted: bool
    violates: str | None
    tested: Coverage

    def facts(self) -> dict[str, str]:
        """Return the best certified ratio, and how many witnesses there are."""
        best = self.best
        return {
            "ratio": "none above 1" if best is None else decimal(best.ratio, 4, up=False),
            "eps": "-" if best is None else f"{float(best.eps):.3f}",
            "witnesses": str(len(self.entries)),
            "violates": self.violates or "nothing",
        }

    @property
    def best(self) -> Entry | None:
        """The witness of largest ratio."""
        return max(self.entries, key=lambda entry: entry.ratio, default=None)

    def best_of(self, engine: str) -> Fraction | None:
        """Return the best certified ratio of one engine."""
        return max((e.ratio for e in self.entries if e.engine == engine), default=None)


def run(
    campaign: Campaign, archive: Archive, workers: Workers, observe: Observer
) -> CampaignResult:
    """Run or resume a search; everything reported has been committed before."""
    archive.drop_interim()
    violates = next((e.violates for e in archive.entries() if e.violates), None)
    with interruption() as asked:
        for name in campaign.engines:
            if violates is None and not asked():
                violates = _Stage(campaign, archive, workers, observe, name).run(asked)
        interrupted = asked()
    entries = tuple(archive.entries())
    tested = campaign.claims.tested(entry.witness.feasible.instance for entry in entries)
    return CampaignResult(
        entries=entries, interrupted=interrupted, violates=violates, tested=tested
    )


class _Stage:
    """One engine's part of the budget."""

    def __init__(
        self, campaign: Campaign, archive: Archive, workers: Workers, observe: Observer, name: str
    ) -> None:
        self._campaign, self._archive, self._workers, self._observe = (
            campaign,
            archive,
            workers,
            observe,
        )
        self._name = name
        space = campaign.objective.space
        self._engine: Engine = make_engine(
            name,
            space=space,
            seed=campaign.seed,
            evaluations=campaign.evaluations,
            initial=family_genomes(space) if campaign.from_families else None,
        )
        self._progress = archive.progress(name) or EngineProgress()
        self._genome: Genome | None = None
        self._exact = "0/1"  # best certified ratio
        self._owed = False  # whether an interruption put off a commit
        if self._progress.state is not None:
            state = dict(self._progress.state)
            self._genome = state.pop("best genome", None)
            self._exact = state.pop("exact")
            self._owed = state.pop("owed", False)
            self._engine.restore(state)

    def run(self, asked: Interruption) -> str | None:
        """Spend what is left; return what was violated, or None."""
        total = self._campaign.evaluations
        every = -(-total // COMMITS)
        while self._owed or self._progress.evaluations < total:
            if not self._owed:
                before = self._progress.evaluations
                self._batch()
                self._observe(Update(engine=self._name, progress=self._progress))
                done = self._progress.evaluations
                self._owed = done // every > before // every or done >= total
            if self._owed:
                violates = self._commit(asked)
            elif asked():
                violates = self._interim()
            else:
                continue
            if violates or asked():
                return violates
        return None

    def _batch(self) -> None:
        left = self._campaign.evaluations - self._progress.evaluations
        batch = self._engine.ask().first(left)
        scores = self._workers.scores(self._campaign.objective, batch.genomes, batch.at_least)
        accepted = self._engine.tell(batch, scores)
        top = int(scores.values.argmax())
        best = self._progress.best
        if scores.values[top] > best:
            best = float(scores.values[top])
            self._genome = batch.genomes[top].copy()
        self._progress = replace(
            self._progress,
            evaluations=self._progress.evaluations + len(batch.genomes),
            accepted=self._progress.accepted + accepted,
            best=best,
        )

    def _commit(self, asked: Interruption) -> str | None:
        """Certify the best if it is better than what has been; write it with the state.

        Ctrl-C puts it off, and the resumed run certifies before anything else.
        """
        entries: list[Entry] = []
        witness = violates = None
        try:
            if self._is_better():
                with asked.at_once():
                    witness = self._witness()
                    violates = self._campaign.claims.violated(witness)
                    entries = self._certified(witness, violates)
        except KeyboardInterrupt:
            return self._interim()
        self._owed = False
        if witness is not None:
            self._progress = replace(self._progress, certified=self._progress.best)
            self._exact = as_pq(max(witness.ratio, Fraction(self._exact)))
        self._save(entries, remember=True)
        self._report(witness, entries)
        if witness is not None and violates is not None:
            self._shrink(witness, violates, asked)
        return violates

    def _shrink(self, witness: Witness, violates: str, asked: Interruption) -> None:
        """Commit a smaller witness that contradicts the same claim, if there is one in time."""
        claims = self._campaign.claims
        with suppress(KeyboardInterrupt), asked.at_once():
            smaller = shrink(witness, lambda w: claims.violated(w) == violates, tries=600)
            if smaller is not witness:
                entry = self._entry(smaller, violates)
                self._archive.add(entry)
                self._report(witness, [entry])

    def _interim(self) -> str | None:
        """Write the state at an interruption, and a witness made in a moment.

        The uninterrupted run would not have certified it, so it is marked as interim.
        """
        entries: list[Entry] = []
        witness = violates = None
        if self._is_better():
            assert self._genome is not None  # it has a value
            witness = make_witness(self._campaign.objective, self._genome, seed=None)
            violates = self._campaign.claims.violated(witness)
            if violates is not None or witness.ratio > Fraction(self._exact):
                entries = [self._entry(witness, violates, interim=True)]
        self._save(entries, remember=False)
        self._report(witness, entries)
        return violates

    def _is_better(self) -> bool:
        """Whether the best value is clearly above that of the last witness."""
        best, certified = self._progress.best, self._progress.certified
        return self._genome is not None and best > certified * BETTER

    def _witness(self) -> Witness:
        assert self._genome is not None  # or there is nothing to certify
        return make_witness(self._campaign.objective, self._genome, seed=self._campaign.seed)

    def _certified(self, witness: Witness, violates: str | None) -> list[Entry]:
        """Return what the archive takes in."""
        # the search compares floats, of schedules before they are improved: hold the exact ratio
        # against what this engine has certified already
        if violates is not None or witness.ratio > Fraction(self._exact):
            return [self._entry(witness, violates)]
        return []

    def _save(self, entries: list[Entry], *, remember: bool) -> None:
        progress = replace(self._progress, state=self._state())
        self._archive.save(self._name, progress, entries, remember=remember)

    def _report(self, witness: Witness | None, entries: list[Entry]) -> None:
        for entry in entries:
            self._observe(
                Update(engine=self._name, progress=self._progress, witness=witness, entry=entry)
            )

    def _state(self) -> dict[str, Any]:
        """Return the engine's state, and what else the next batch depends on."""
        state = {**self._engine.state(), "exact": self._exact}
        if self._genome is not None:
            state["best genome"] = np.array(self._genome)
        if self._owed:
            state["owed"] = True
        return state

    def _entry(self, witness: Witness, violates: str | None, *, interim: bool = False) -> Entry:
        """Have a witness checked in a fresh process; return it as the archive stores it."""
        check_fresh([witness.data])
        return Entry(
            engine=self._name,
            evaluations=self._progress.evaluations,
            ratio=witness.ratio,
            eps=witness.instance.eps,
            requests=witness.instance.requests,
            memory=witness.instance.memory,
            violates=violates,
            certificate=witness.data,
            interim=interim,
        )
