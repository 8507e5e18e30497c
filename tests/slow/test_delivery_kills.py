"""A thousand deaths and more, at random: on a laptop and in the cloud, of every kind of destination."""

import random
import sys
from collections import Counter

import pytest

from harness.cloud_histories import arrived_right, touches, until_done
from harness.cloud_world import World as CloudWorld
from harness.deliveries import Once, Plain, Remembering
from harness.fused import LINES
from harness.kills import Atomic, AtomicOnce, Keyed, World, check
from harness.talkers import Job, Launch, Reported, Swap

pytestmark = pytest.mark.slow
SEED = 20260310
LAPTOP = (Plain, Once, Remembering, Keyed, Atomic, AtomicOnce, Job, Launch, Swap, Reported)
CLOUD = (Plain, Remembering, Keyed, Atomic, Job, Launch, Swap, Reported)
HANDED_OVER = (Job, Launch, Swap)
WANTED = 1_000


def test_a_thousand_deaths_on_a_laptop_lose_nothing_and_double_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(SEED)
    deaths: Counter[str] = Counter()
    while min(deaths[kind.__name__] for kind in LAPTOP) * len(LAPTOP) < WANTED:
        for kind in LAPTOP:
            late = frozenset({dice.randint(1, 9)} if kind in (Once, Remembering) and dice.random() < 0.5 else ())
            world = World(kind(), LINES[dice.choice(sorted(LINES))], late_at=late)
            for _ in range(dice.randint(1, 4)):
                if world.run(dice.randint(1, 40)):
                    break
            assert world.run()
            if late:
                effects = world.vendor.settled()
                assert max(effects.values()) <= 1
                assert all(effects[key] for key, verdict in world.lists.verdicts().items() if verdict == "accepted")
            else:
                check(world)
            deaths[kind.__name__] += world.fuse.kills
    with capsys.disabled():
        sys.stdout.write(f"\n{sum(deaths.values())} deaths on a laptop: {dict(deaths)}\n")
    assert sum(deaths.values()) >= WANTED


def test_deaths_in_runs_that_hand_their_conversations_on(capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(SEED)
    deaths: Counter[str] = Counter()
    for _ in range(150):
        for kind in HANDED_OVER:
            world = World(kind(), LINES[dice.choice(sorted(LINES))], talk_seconds=dice.choice([5, 20, 40, 100]))
            for _ in range(12):
                while not world.run(dice.randint(1, 25)):
                    pass
                if "retry" not in world.lists.verdicts().values():
                    break
                world.next_run()
            check(world)
            deaths[kind.__name__] += world.fuse.kills
    with capsys.disabled():
        sys.stdout.write(f"\n{sum(deaths.values())} deaths in conversations handed on: {dict(deaths)}\n")
    assert sum(deaths.values()) >= WANTED


def test_a_thousand_deaths_in_the_cloud_lose_nothing_and_double_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(SEED)
    deaths: Counter[str] = Counter()
    most = {kind: touches(CloudWorld(kind())) for kind in CLOUD}
    while sum(deaths.values()) < WANTED:
        for kind in CLOUD:
            world = CloudWorld(kind(), rows_a_page=dice.choice([2, 3, 5]))
            deaths[kind.__name__] += until_done(
                world, *(dice.randint(1, most[kind]) for _ in range(dice.randint(1, 4)))
            )
            arrived_right(world)
    with capsys.disabled():
        sys.stdout.write(f"\n{sum(deaths.values())} deaths in the cloud: {dict(deaths)}\n")
    assert sum(deaths.values()) >= WANTED
