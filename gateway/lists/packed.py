"""A held list that keeps its rows compressed: a tenth of the memory, for a moment of unpacking at each use."""

from gateway.deflate import Block, quick_block, unpacked
from gateway.model import BackupList, Later, Part


class PackedList(BackupList):
    """The same rows as `plain`; `body` is unpacked whenever it is asked for, so ask once and use `unpacked`."""

    def __init__(self, plain: BackupList) -> None:
        made = quick_block(plain.body)
        # It is never packed anew: what is to be sent again and again is better kept as it is.
        object.__setattr__(self, "block", Block(made.data, made.crc, made.size))
        for name in ("ends", "starts", "start_spans", "finishes", "finish_spans"):
            object.__setattr__(self, name, getattr(plain, name))

    block: Block

    @property
    def body(self) -> bytes:
        """See BackupList."""
        return unpacked(self.block)

    @property
    def nbytes(self) -> int:
        """See BackupList."""
        return len(self.block.data) + self.columns_nbytes

    @property
    def is_packed(self) -> bool:
        """See BackupList."""
        return True

    def part(self, begin: int, end: int) -> Part:
        """See BackupList. All lists of an answer unpacked at once would be the whole of it in memory."""
        first = self.ends[begin - 1] + 1 if begin else 0
        return Later(self.ends[end - 1] - first, lambda: self.slice(begin, end)) if begin < end else b""

    def unpacked(self) -> BackupList:
        """See BackupList."""
        return BackupList(self.body, *self.columns)

    def is_same_as(self, other: BackupList) -> bool:
        """See BackupList. Equal rows are packed to equal bytes."""
        return isinstance(other, PackedList) and self.block.data == other.block.data and self.columns == other.columns
