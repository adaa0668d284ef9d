"""A budget of tokens, shared by requests that are out at once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from captioners.dialogue.types import Response
from stages.budget import Budget, Stopped
from tests.captioners.scripted import good
from tests.stages import asked
from tests.stages.asked import Footage, World, asking, portion, rows


def spend(tokens: int | None, requests: int, *, longest: int = 100, taken: tuple[int, int] = (50, 30)) -> Any:
    """(requests that were let through, tokens that they took, most at once) of so many that come together."""
    through = now = most = 0

    async def one(budget: Budget) -> None:
        nonlocal through, now, most
        reserved = await budget.reserve(longest)
        through, now = through + 1, now + 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        await budget.settle(reserved, *taken)

    async def work() -> list[Any]:
        budget = Budget(tokens)
        return await asyncio.wait_for(
            asyncio.gather(*(one(budget) for _ in range(requests)), return_exceptions=True), 5
        )

    stopped = [error for error in asyncio.run(work()) if error is not None]
    assert {type(error) for error in stopped} <= {Stopped}
    assert len(stopped) == requests - through
    return through, through * sum(taken), most


def test_without_a_budget_none_waits() -> None:
    assert spend(None, 20) == (20, 1600, 20)


def test_it_is_never_gone_beyond_and_nearly_used_up() -> None:
    for tokens in (1, 99, 100, 150, 500, 777, 1600, 5000):
        through, took, _ = spend(tokens, 20)
        assert took <= tokens
        # What is left would not hold another request at its longest.
        assert through == 20 or tokens - took < 150


def test_the_first_request_goes_alone_since_nobody_knows_what_pictures_cost() -> None:
    assert spend(100_000, 20, taken=(5000, 30))[:2] == (19, 95_570)
    through, took, most = spend(20_000, 20, taken=(5000, 30))
    assert (through, took, most) == (3, 15_090, 2)


@pytest.mark.parametrize("tokens", [0, -5])
def test_one_that_is_used_up_lets_none_through(tokens: int) -> None:
    assert spend(tokens, 3) == (0, 0, 0)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def world() -> World:
    return asked.fresh()


def test_clips_beyond_the_budget_have_no_outcome(footage: Footage, world: World, tmp_path: Path) -> None:
    world.delay = lambda request: 0.01
    with asking(tmp_path, budget=1000, max_tokens=100) as asker:
        first, second = (asker([portion(tmp_path, footage.lines(8), name)])[0] for name in ("1.0", "1.1"))
    # An answer takes 150, and 200 at most.
    assert (first["done"], first["clips"], first["fatal"]) == (6, 8, None)
    assert (second["done"], second["fatal"]) == (0, None)
    assert len(rows(tmp_path)) == len(world.asked) == 6


def test_a_model_that_tells_no_usage_cannot_keep_a_budget(
    footage: Footage, world: World, tmp_path: Path
) -> None:
    world.answer = lambda request, before: Response(good(0), "stop")
    with asking(tmp_path, budget=1000, max_tokens=100) as asker:
        found = asker([portion(tmp_path, footage.lines(8))])[0]
    assert found["fatal"] == (
        "fake does not say how many tokens an answer took, so budget_tokens cannot be kept: "
        "take the option away"
    )
    # Its answer is kept all the same.
    assert [row["raw"] for row in rows(tmp_path)] == [good(0)]
