"""An iterator that works ahead, in a thread of its own."""

import threading
from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar("T")
SECONDS_BETWEEN_LOOKS = 0.1  # at whether the other side is still there


def ahead(items: Iterable[T], number: int) -> Iterator[T]:
    """The same items, made up to ``number`` ahead while the caller works; an error comes where it would have come.

    What the items are made of must not be used elsewhere meanwhile. The thread ends with the iterator, once the item
    in hand is made.
    """
    queue: Queue[tuple[T | None, BaseException | None]] = Queue(number)
    stopped = threading.Event()

    def put(item: T | None, error: BaseException | None) -> bool:
        while not stopped.is_set() and threading.main_thread().is_alive():
            try:
                queue.put((item, error), timeout=SECONDS_BETWEEN_LOOKS)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item, None):
                    return
        except BaseException as error:  # for the caller, whatever it is
            put(None, error)
        else:
            put(None, StopIteration())

    thread = threading.Thread(target=work, name="ahead")
    thread.start()
    try:
        while True:
            try:  # not for ever, so that Ctrl-C is heard on every system
                item, error = queue.get(timeout=SECONDS_BETWEEN_LOOKS)
            except Empty:
                continue
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item
    finally:
        stopped.set()
        thread.join()
