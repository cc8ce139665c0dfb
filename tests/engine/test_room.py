"""Places that jobs take: who comes first is let in first, and who takes none waits for nobody."""

from __future__ import annotations

import asyncio

from transcode.engine.room import Room


def test_who_takes_no_place_waits_for_nobody() -> None:
    """Such a job has no octets: a large one that waits for room is none of its business."""
    room = Room(10)
    assert room.enter(10, 0.0)
    assert not room.enter(5, 0.0)

    async def both() -> tuple[bool, bool]:
        large = asyncio.create_task(room.enter_async(7, None))
        await asyncio.sleep(0)
        small = await room.enter_async(0, 0.0)
        assert room.enter(0, 0.0)
        room.leave(10)
        return small, await large

    assert asyncio.run(both()) == (True, True)
    room.leave(0)
    assert not room.enter(4, 0.0)
    room.leave(7)
    assert room.enter(10, 0.0)


def test_who_comes_first_is_let_in_first() -> None:
    """A small one that would have room does not pass a large one."""
    room = Room(10)
    assert room.enter(6, 0.0)

    async def both() -> list[str]:
        order: list[str] = []

        async def take(count: int, name: str) -> None:
            await room.enter_async(count, None)
            order.append(name)

        large = asyncio.create_task(take(8, "large"))
        await asyncio.sleep(0)
        small = asyncio.create_task(take(2, "small"))
        await asyncio.sleep(0)
        assert order == []
        room.leave(6)
        await asyncio.gather(large, small)
        return order

    assert asyncio.run(both()) == ["large", "small"]
