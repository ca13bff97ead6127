"""Evaluation over several processes: each rank pushes to an evald of its own, and the states meet.

    from evald import distributed

    with evald.start() as ev:                    # on every rank
        val = ev.stream("val", task="binary", metrics=["f1", "roc_auc"])
        real = distributed.Unpadded(len(dataset))
        for scores, labels in loader:            # of a DistributedSampler
            n = real.count(len(labels))
            val.push(scores=scores[:n], labels=labels[:n])
        everyone = distributed.gather(val)       # a stream on rank 0, None elsewhere
        if everyone is not None:
            print(everyone.query())              # the same bits as in one process

States merge exactly, so nothing depends on how many ranks there are. `torch.distributed` is needed
by the functions that say so, and only when they are called.
"""

from __future__ import annotations

from typing import Any

from ._errors import EvaldError
from ._stream import Stream

__all__ = ["Unpadded", "gather"]


def gather(
    stream: Stream,
    *,
    into: str | None = None,
    window: Any = None,
    dst: int = 0,
    group: Any = None,
) -> Stream | None:
    """Brings the rows of all ranks together on one of them. Every rank of the group must call it.

    Args:
        stream: this rank's stream.
        into: the name of the stream that they become on rank `dst`; left out, the stream's own
            name and ", all ranks". What was there under this name is forgotten first.
        window: which rows, `"current"` unless told otherwise.
        dst: the rank that gets them, of the default process group.
        group: the process group; left out, the default one.

    Returns:
        The stream with all rows on rank `dst`; None on the others.

    Raises:
        EvaldError: on every rank, if the state of any cannot be exported or merged, so that none
            waits for another that has given up. DuplicateIds on `dst` where ids are unique and two
            ranks share some.
    """
    import torch.distributed as dist

    failure, state = None, b""
    try:
        stream.flush()
        state = stream.export(window=window)
    except EvaldError as error:
        failure = error
    _agree(dist, "give its rows", failure, group)
    is_dst = dist.get_rank() == dst
    states: list[Any] | None = [None] * dist.get_world_size(group) if is_dst else None
    dist.gather_object(state, states, dst=dst, group=group)
    merged = None
    try:
        if states is not None:
            merged = _merge(stream, states, into)
    except EvaldError as error:
        failure = error
    _agree(dist, "take the rows of all", failure, group)
    return merged


def _agree(dist: Any, what: str, failure: EvaldError | None, group: Any) -> None:
    """Raises on every rank if there is a failure on any."""
    found: list[Any] = [None] * dist.get_world_size(group)
    dist.all_gather_object(found, None if failure is None else str(failure), group=group)
    if failure is not None:
        raise failure
    for rank, message in enumerate(found):
        if message is not None:
            raise EvaldError(f"rank {rank} could not {what}: {message}")


def _merge(stream: Stream, states: list[bytes], into: str | None) -> Stream:
    name = f"{stream.name}, all ranks" if into is None else into
    daemon = stream._evald
    if any(row["stream"] == name for row in daemon.list()):
        daemon.request("stream/delete", {"stream": name})
    return daemon.merge(name, *(state for state in states if state))


class Unpadded:
    """Tells the rows of a rank from those that a distributed sampler repeated.

    Ranks must have as many samples each, so `torch.utils.data.DistributedSampler` repeats some from
    the start of the data, and a score that counts them is wrong. This says how many rows of each
    batch are real, as long as batches come in the order of the sampler, shuffled or not.

    Args:
        total: samples of the whole data set.
        rank: of this process; left out, that of `torch.distributed`.
        world_size: how many processes there are; left out, that of `torch.distributed`.
    """

    def __init__(self, total: int, rank: int | None = None, world_size: int | None = None) -> None:
        if rank is None or world_size is None:
            import torch.distributed as dist

            rank = dist.get_rank() if rank is None else rank
            world_size = dist.get_world_size() if world_size is None else world_size
        if not 0 <= rank < world_size or total < 0:
            raise ValueError(f"rank {rank} of {world_size} has no part of {total} samples")
        #: Real samples that this rank has yet to see in this epoch.
        self.left = max(0, -(-(total - rank) // world_size))
        self._all = self.left

    def count(self, rows: int) -> int:
        """How many of the next `rows` rows are real: the first so many of the batch."""
        real = min(rows, self.left)
        self.left -= real
        return real

    def begin(self) -> None:
        """Begins an epoch."""
        self.left = self._all
