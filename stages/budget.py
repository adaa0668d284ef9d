"""Tokens that requests may take, shared by those that are out at once."""

import asyncio


class Stopped(Exception):
    """Nothing more is asked in this process: the budget is used up, or the model is unusable."""


class Budget:
    """Used on one event loop."""

    def __init__(self, tokens: int | None) -> None:
        """`tokens`: None without a limit."""
        self._left = tokens
        self._reserved = 0
        self._largest = 0
        """Tokens that the longest request so far had."""
        self._change = asyncio.Condition()
        self.used_up = False

    @property
    def limited(self) -> bool:
        return self._left is not None

    async def reserve(self, longest: int) -> int:
        """Set aside what a request whose answer has `longest` tokens may take, as far as is known; wait for
        others that have set aside more than they will take. Raises Stopped where what is left does not
        hold it."""
        async with self._change:
            while self._left is not None:
                most = self._largest + longest
                if self.used_up or most > self._left:
                    self.used_up = True
                    raise Stopped
                # What the pictures cost is known by the first answer, and until then it would be a guess.
                if not self._reserved or (self._largest and self._reserved + most <= self._left):
                    self._reserved += most
                    return most
                await self._change.wait()
        return 0

    async def settle(self, reserved: int, tokens_in: int | None, tokens_out: int | None) -> None:
        """What a request took in the end."""
        if self._left is None:
            return
        async with self._change:
            self._reserved -= reserved
            self._left -= (tokens_in or 0) + (tokens_out or 0)
            self._largest = max(self._largest, tokens_in or 0)
            self._change.notify_all()
