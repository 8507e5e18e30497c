"""What happens to a sync's messages until all are done, with deaths in between, and what must have come of it."""

from collections import Counter

from harness.cloud_world import SYNC, Kill, World
from harness.kills import BAD, Atomic
from harness.talkers import Job, Launch, Swap

_PAST_THE_LEASE = 700
_TELLINGS = 60


def until_done(world: World, *deaths: int) -> int:
    """The queue tells every message until none comes back; the process dies at these touches, counted from each death.

    Returns how often it died.
    """
    if isinstance(world.destination, Atomic):
        world.vendor.refuses = frozenset({BAD})
    planned = list(deaths)

    def die() -> None:
        raise Kill

    world.fuse.act = die
    world.fuse.at, world.fuse.passed = (planned.pop(0) if planned else -1), 0
    waiting, died = list(world.messages()), 0
    for _ in range(_TELLINGS):
        if not waiting:
            break
        body = waiting.pop(0)
        try:
            done = world.receive(body)
        except Kill:
            done, died = None, died + 1
            world.fuse.at, world.fuse.passed = (planned.pop(0) if planned else -1), 0
        if done is None:
            waiting.append(body)
            world.clock.sleep(_PAST_THE_LEASE)
    assert not waiting, "a message never comes to its end"
    world.fuse.at = -1
    return died


def touches(world: World) -> int:
    """How often an undisturbed history touches the world."""
    until_done(world)
    return world.fuse.passed


def arrived_right(world: World) -> None:
    """Every row has its verdict, what is accepted has arrived, and nothing happened twice that must not."""
    verdicts, platform = world.collect(), world.platform
    refused = {BAD} if isinstance(world.destination, Atomic) else set()
    assert verdicts == {key: "rejected" if key in refused else "accepted" for key in world.keys}
    match world.destination:
        case Job():
            assert {key for rows in platform.jobs.values() for key in rows} == set(world.keys)
        case Launch():
            assert Counter(key for keys in platform.launches for key in keys) == Counter(world.keys)
        case Swap():
            assert platform.audiences == {platform.current[-1]: list(world.keys)}
            assert len(platform.current) == len(set(platform.current))
        case Atomic():
            assert set(world.vendor.effects) == set(world.keys) - refused
    receipts = [row["receipt"] for row in world.lists.figures]
    assert len(receipts) == len(set(receipts))
    assert not [name for name in world.memory.recall(SYNC) if name.startswith("figures.")]
