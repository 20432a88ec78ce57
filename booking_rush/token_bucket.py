"""Token bucket: so many a second, and so many at once. Pure: the time is an argument."""


class TokenBucket:
    """A bucket that begins full, with `burst` tokens, and gets `per_second` back; seconds."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")  # a waiting socket has five

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        self._per_second = per_second
        self._burst = self._left = float(burst)
        self._at = now

    def take(self, now: float, tokens: float = 1) -> bool:
        """Take tokens. Return whether there were as many; otherwise none are taken."""
        left = self._left + (now - self._at) * self._per_second
        if left > self._burst:  # min() took a third of the time
            left = self._burst
        self._at = now
        has_enough = left >= tokens
        self._left = left - tokens if has_enough else left
        return has_enough
