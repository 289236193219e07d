"""When a call that failed is sent again: what is temporary, a few times, further and further apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from idvtools.errors import TemporaryError

#: Times that something temporary is tried in all.
ATTEMPTS = 6
_FIRST_S, _LONGEST_S = 0.25, 20.0
#: The longest pause, however long a one a server asks for: what still fails then is for a later run.
_LONGEST_ASKED_S = 60.0


T = TypeVar("T")


class Again(Protocol):
    """What `retrying` gives: calls something with its arguments, again and again."""

    def __call__(self, work: Callable[..., T], /, *args: Any) -> T:
        """What it gives in the end."""


def retrying(may: Callable[[TemporaryError], bool] = lambda _: True, *, attempts: int = ATTEMPTS) -> Again:
    """Repeats what raises a `TemporaryError`: exponential backoff with full jitter, longer where the server says so.

    Parameters
    ----------
    may : callable
        Whether this error may be answered by sending again.
    attempts : int
        Times in all; the last error is raised as it is.

    Examples
    --------
    >>> tried = []
    >>> def call():
    ...     tried.append(1)
    ...     if len(tried) < 3:
    ...         raise TemporaryError("no answer")
    ...     return "an answer"
    >>> retrying()(call)
    'an answer'
    """
    retry = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, TemporaryError) and may(error)),
        wait=_pause,
        stop=stop_after_attempt(attempts),
        reraise=True,
    )

    def call(work: Callable[..., T], /, *args: Any) -> T:
        failed: list[TemporaryError] = []
        try:
            return work(*args)  # as a rule nothing fails, and what repeats things needs as long as a short call
        except TemporaryError as error:
            failed.append(error)

        def go_on() -> T:
            if failed:
                raise failed.pop()
            return work(*args)

        return retry(go_on)

    return call


_backoff = wait_random_exponential(multiplier=_FIRST_S, max=_LONGEST_S)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after_s if isinstance(error, TemporaryError) else 0.0
    return max(_backoff(state), min(asked, _LONGEST_ASKED_S))
