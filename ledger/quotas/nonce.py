"""The nonce window of a holding: any unused nonce in (top - 16, top + 16] (contracts.md, 6)."""

from collections.abc import Iterable

from ledger import contract_errors as refused

WIDTH = 16
_MASK = (1 << WIDTH) - 1


def require_nonce(nonce: int, *, top: int, window: int, account: bytes, asset: int) -> None:
    """Raises NonceUsed, NonceOutOfWindow. Bit i of the window: nonce `top - i` is used."""
    if nonce == 0 or nonce + WIDTH <= top or nonce > top + WIDTH:
        raise refused.NonceOutOfWindow(account, asset, nonce, top)
    if nonce <= top and window >> (top - nonce) & 1:
        raise refused.NonceUsed(account, asset, nonce)


def use_nonce(nonce: int, *, top: int, window: int) -> tuple[int, int]:
    """Top and window after this nonce was used."""
    if nonce > top:
        return nonce, (window << (nonce - top) | 1) & _MASK
    return top, window | 1 << (top - nonce)


def next_nonce(*, top: int, window: int) -> int:
    """The lowest unused nonce that the window still takes."""
    lowest = max(1, top - WIDTH + 1)
    unused = (n for n in range(lowest, top + 1) if not window >> (top - n) & 1)
    return next(unused, top + 1)


def next_free_nonce(under_way: Iterable[int], *, top: int, window: int) -> int:
    """The next nonce once those that are under way, ascending, have been used."""
    for nonce in under_way:
        if nonce + WIDTH > top:
            top, window = use_nonce(nonce, top=top, window=window)
    return next_nonce(top=top, window=window)
