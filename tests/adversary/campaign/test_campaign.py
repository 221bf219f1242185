import os
import random
import select
import signal
import sqlite3
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from kvproof.adversary.campaign import campaign
from kvproof.adversary.campaign.archive import FILE, Archive, EngineProgress, Entry
from kvproof.adversary.campaign.campaign import run
from kvproof.adversary.campaign.settings import Settings, stored
from kvproof.adversary.valuation.workers import InProcess, make_workers
from kvproof.bounds.catalogue import THEOREMS, find
from kvproof.scheduling.errors import InputError

KILLS = 100


@pytest.fixture
def unchecked(monkeypatch):
    """Spare the fresh processes, where something else is tested."""
    monkeypatch.setattr(campaign, "check_fresh", lambda certificates: None)


def go(settings, folder, *, workers=None, observe=lambda report: None, theorems=THEOREMS):
    archive = Archive(folder, create=True)
    try:
        return run(settings.campaign(theorems), archive, workers or InProcess(), observe)
    finally:
        archive.close()


def contents(folder, settings):
    """Return all that an archive holds, as bytes and numbers."""
    archive = Archive(folder)
    try:
        names = settings.campaign().engines
        rows = archive._db.execute("SELECT name, state, accepted FROM engines ORDER BY name")
        return archive.entries(), [archive.history(n) for n in names], rows.fetchall()
    finally:
        archive.close()


def test_everything_certified_is_checked_and_baselines_run_beside(tmp_path, small_settings):
    reports = []
    outcome = go(replace(small_settings, evaluations=400), tmp_path, observe=reports.append)
    assert outcome.violates is None
    assert not outcome.interrupted
    assert {entry.engine for entry in outcome.entries} == {"anneal", "random", "climb"}
    assert outcome.best.ratio > Fraction(13, 10)
    reported = [report.entry for report in reports if report.entry is not None]
    assert tuple(reported) == outcome.entries
    for name in ("anneal", "random", "climb"):
        mine = [entry.ratio for entry in outcome.entries if entry.engine == name]
        assert mine == sorted(set(mine))  # every entry is better than the ones before


def test_what_is_reported_has_been_checked_and_is_kept_already(
    tmp_path, small_settings, monkeypatch
):
    checked, reported = [], []
    monkeypatch.setattr(campaign, "check_fresh", lambda certificates: checked.extend(certificates))

    def look(report):
        if report.entry is not None:
            reported.append(report.entry.certificate)
            archive = Archive(tmp_path)
            assert report.entry in archive.entries()
            archive.close()

    go(replace(small_settings, evaluations=64, baselines=False), tmp_path, observe=look)
    assert reported
    assert reported == checked


@pytest.mark.parametrize(
    ("evaluations", "requests"), [(5, 6), (41, 6), (70, 120), (1, 6), (2, 120)]
)
def test_engine_and_baselines_spend_the_same(
    tmp_path, small_settings, unchecked, evaluations, requests
):
    settings = replace(small_settings, evaluations=evaluations, requests=requests)
    go(settings, tmp_path)
    archive = Archive(tmp_path)
    try:
        spent = {name: archive.progress(name).evaluations for name in settings.campaign().engines}
    finally:
        archive.close()
    assert spent == dict.fromkeys(("anneal", "random", "climb"), evaluations)


def test_the_same_seed_gives_the_same_with_any_number_of_workers(
    tmp_path, small_settings, unchecked
):
    go(small_settings, tmp_path / "one")
    with make_workers(2) as two:
        go(small_settings, tmp_path / "two", workers=two)
    assert contents(tmp_path / "one", small_settings) == contents(tmp_path / "two", small_settings)


def test_a_dask_cluster_gives_the_same(tmp_path, small_settings, unchecked):
    distributed = pytest.importorskip("distributed")
    settings = replace(small_settings, evaluations=320, baselines=False)
    go(settings, tmp_path / "here")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        make_workers(2, cluster.scheduler_address) as dask,
    ):
        go(settings, tmp_path / "dask", workers=dask)
    assert contents(tmp_path / "here", settings) == contents(tmp_path / "dask", settings)


def test_a_run_goes_on_bit_for_bit_after_interruptions(tmp_path, small_settings, unchecked):
    go(small_settings, tmp_path / "whole")
    lives = 0
    outcome = None
    while outcome is None or outcome.interrupted:
        lives += 1
        batches = iter(range(10**6))

        def stop(report, batches=batches):
            if next(batches) == 40:
                os.kill(os.getpid(), signal.SIGINT)

        outcome = go(small_settings, tmp_path / "parts", observe=stop)
    assert lives > 3
    assert contents(tmp_path / "whole", small_settings) == contents(
        tmp_path / "parts", small_settings
    )


def test_an_interruption_keeps_the_best_so_far(tmp_path, small_settings, unchecked):
    def stop(report):
        if report.entry is None and report.progress.evaluations == 112:
            os.kill(os.getpid(), signal.SIGINT)

    outcome = go(replace(small_settings, evaluations=50_000), tmp_path, observe=stop)
    assert outcome.interrupted
    assert outcome.best.interim


def test_an_interruption_while_a_witness_is_made_puts_it_off_and_changes_nothing(
    tmp_path, small_settings, unchecked, monkeypatch
):
    settings = replace(small_settings, baselines=False)
    go(settings, tmp_path / "whole")
    make, hits = campaign.make_witness, []

    def strike(objective, genome, *, seed):
        if seed is not None and len(hits) < 3:
            hits.append(seed)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)  # cut short
        return make(objective, genome, seed=seed)

    monkeypatch.setattr(campaign, "make_witness", strike)
    lives = [go(settings, tmp_path / "parts")]
    while lives[-1].interrupted:
        lives.append(go(settings, tmp_path / "parts"))
    assert len(lives) == 4
    assert all(life.best.interim for life in lives[:1])
    assert contents(tmp_path / "whole", settings) == contents(tmp_path / "parts", settings)


def test_nothing_reported_is_lost_when_killed(tmp_path, small_settings, unchecked):
    settings = replace(small_settings, evaluations=1_600, baselines=False)
    go(settings, tmp_path / "whole")
    whole = contents(tmp_path / "whole", settings)
    kills = finished = 0
    folder = tmp_path / "0"
    rng = random.Random(0)
    while kills < KILLS:
        known = _one_life(settings, folder, rng.uniform(0.0, 0.05))
        assert known is not None
        killed, reported = known
        held = {(entry.evaluations, entry.ratio) for entry in Archive(folder).entries()} if (
            reported
        ) else set()  # fmt: skip
        assert reported <= held
        kills += killed
        if not killed:
            assert contents(folder, settings) == whole
            finished += 1
            folder = tmp_path / str(finished)
    go(settings, folder)
    assert contents(folder, settings) == whole


def _one_life(settings, folder, seconds):
    """Run in a child and kill it; return whether it was killed, and what it had reported."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)

        def tell(report):
            if report.entry is not None:
                line = f"{report.entry.evaluations} {report.entry.ratio}\n"
                os.write(writing, line.encode())

        try:
            go(settings, folder, observe=tell)
        except BaseException:
            os._exit(1)
        os._exit(0)
    os.close(writing)
    select.select([reading], [], [], seconds)  # so that a kill often falls right upon a report
    if random.random() < 0.5:
        time.sleep(seconds / 10)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().decode().splitlines()
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        return None
    reported = {
        (int(line.split()[0]), Fraction(line.split()[1])) for line in lines if line.count("/") == 1
    }
    return os.WIFSIGNALED(status), reported


def test_a_false_theorem_is_caught_shrunk_and_ends_the_run(tmp_path, small_settings):
    true = find("svf-ratio")
    false = replace(true, name="planted", ratio=lambda instance: Fraction(6, 5), proof=None)
    reports = []
    outcome = go(small_settings, tmp_path, observe=reports.append, theorems=(*THEOREMS, false))
    assert outcome.violates == "planted"
    found, small = outcome.entries[-2:]
    assert found.violates == small.violates == "planted"
    assert small.requests < found.requests
    assert small.ratio > Fraction(6, 5)
    assert outcome.entries[-1].engine == "anneal"  # the baselines were not begun
    again = go(small_settings, tmp_path, theorems=(*THEOREMS, false))
    assert again.entries == outcome.entries


def test_a_violation_is_kept_before_it_is_shrunk(tmp_path, small_settings, unchecked, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(campaign, "shrink", fail)
    settings = replace(small_settings, bound="6/5")
    reports = []
    with pytest.raises(MemoryError):
        go(settings, tmp_path, observe=reports.append)
    kept = go(settings, tmp_path)
    assert kept.violates == kept.entries[-1].violates == "6/5"
    assert kept.entries[-1] == reports[-1].entry


def test_settings_survive_the_archive(tmp_path):
    settings = Settings(policy="sjf", max_eps="1/3", bound="1 + 1/(1 - eps)")
    archive = Archive(tmp_path, create=True)
    archive.write("settings", settings.to_json())
    assert stored(archive.read("settings")) == settings
    archive.close()
    with pytest.raises(InputError, match="another version"):
        stored({"polcy": "svf"})
    with pytest.raises(InputError, match="ended before its settings were kept"):
        stored(None)


def test_what_is_no_archive_is_refused(tmp_path):
    with pytest.raises(InputError, match=FILE):
        Archive(tmp_path / "none")
    (tmp_path / FILE).write_text("not a database, but long enough to be taken for one" * 99)
    with pytest.raises(InputError, match="not usable"):
        Archive(tmp_path)


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("UPDATE run SET value = '{'", lambda archive: archive.read("settings")),
        ("UPDATE engines SET state = x'00'", lambda archive: archive.progress("climb")),
        ("UPDATE engines SET state = 5", lambda archive: archive.progress("climb")),
        ("UPDATE witnesses SET ratio = 'x'", lambda archive: archive.entries()),
        ("UPDATE witnesses SET eps = '1/0'", lambda archive: archive.entries()),
        ("DROP TABLE history", lambda archive: archive.history("climb")),
        ("DROP TABLE witnesses", lambda archive: archive.drop_interim()),
    ],
)
def test_what_is_damaged_is_said_in_a_line(tmp_path, change, read):
    archive = Archive(tmp_path, create=True)
    archive.write("settings", {})
    entry = Entry(engine="climb", evaluations=1, ratio=Fraction(1), eps=Fraction(1), requests=1,
                  memory=1, violates=None, certificate=b"")  # fmt: skip
    archive.save("climb", EngineProgress(), [entry])
    read(archive)
    archive._db.execute(change)
    with pytest.raises(InputError, match=f"{FILE}: not usable: ") as caught:
        read(archive)
    assert "\n" not in str(caught.value)
    archive.close()


def test_damage_that_sqlite_quotes_is_said_in_a_line(tmp_path):
    Archive(tmp_path, create=True).close()
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE", b"CREATE T\xd2BLE"))
    with pytest.raises(InputError, match=f"{FILE}: not usable: "):
        Archive(tmp_path)


def test_a_full_disk_is_said_in_a_line(tmp_path):
    archive = Archive(tmp_path, create=True)
    archive.write("settings", {})
    pages = archive._db.execute("PRAGMA page_count").fetchone()[0]
    archive._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(InputError, match=f"{FILE}: not usable: database or disk is full"):
        archive.save("climb", EngineProgress(state={"x": np.zeros(10**5)}), [])
    assert archive.read("settings") == {}
    assert archive.progress("climb") is None
    archive.close()


def test_an_archive_of_another_version_is_refused(tmp_path):
    archive = Archive(tmp_path, create=True)
    archive.write("version", 2)
    archive.close()
    with pytest.raises(InputError, match="archive version 2 is unknown; 1 is known"):
        Archive(tmp_path)


def test_what_is_not_saved_in_full_is_not_saved(tmp_path):
    archive = Archive(tmp_path, create=True)
    archive.save("anneal", EngineProgress(evaluations=1, best=1.5), [])
    with pytest.raises(AttributeError):
        archive.save("anneal", EngineProgress(evaluations=2, best=1.75), [None])
    assert archive.progress("anneal").evaluations == 1
    assert archive.history("anneal") == [(1, 1.5)]
    archive.close()


def test_an_archive_that_is_not_ones_own(tmp_path, monkeypatch):
    def closed(*_, **__):
        raise sqlite3.OperationalError("attempt to write a readonly database")

    Archive(tmp_path, create=True).close()
    monkeypatch.setattr("sqlite3.connect", closed)
    monkeypatch.setattr("os.access", lambda *_: False)  # root may do anything
    with pytest.raises(InputError, match="you may not read and write it"):
        Archive(tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine": "tabu"}, "tabu"),
        ({"evaluations": 0}, "evaluations"),
        ({"policy": "best"}, "best"),
        ({"bound": "opt-volume"}, "gives no number that bounds a ratio"),
        ({"bound": "epsilon"}, "parameter"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(options, said):
    with pytest.raises(InputError, match=said):
        Settings(**options).campaign()


def test_a_cluster_that_is_not_there_is_one_clear_line():
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="give the address"), make_workers(1, "nonsense://x"):
        pass
