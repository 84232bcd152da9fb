"""One gzip member (RFC 1952) out of pieces that were compressed before, each for itself.

A piece is raw deflate (RFC 1951) that ends at a byte boundary and refers to nothing before it, so pieces can stand in
any order; small pieces between them are stored as they are. Several members would be simpler, but browsers and curl
stop after the first.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from isal import isal_zlib

_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_LAST: Final = b"\x03\x00"
"""An empty last block."""
_LEVEL: Final = 1
_THOROUGH: Final = 6
_STORED: Final = 65_535
_WORTH_IT: Final = 256
"""A shorter piece is stored as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A compressed piece: `data` is what `size` bytes with that CRC-32 were packed to.

    `quick`: a better one takes ten times as long and a quarter of the bytes less.
    """

    data: bytes
    crc: int
    size: int
    quick: bool = False


def quick_block(piece: bytes) -> Block:
    """Compress a piece at two gigabytes a second; other threads run meanwhile."""
    packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15)
    data = packer.compress(piece) + packer.flush(isal_zlib.Z_FULL_FLUSH)
    return Block(data, isal_zlib.crc32(piece), len(piece), quick=True)


def thorough_block(piece: bytes) -> Block:
    """The same for a piece that is sent again and again."""
    packer = zlib.compressobj(_THOROUGH, zlib.DEFLATED, -15)
    data = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return Block(data, isal_zlib.crc32(piece), len(piece))


def unpacked(block: Block) -> bytes:
    """What a block was made of."""
    return isal_zlib.decompressobj(-15).decompress(block.data)


def gzip_member(pieces: Sequence[bytes | Block]) -> list[bytes]:
    """The whole member, in parts to be sent one after the other."""
    parts, crc, size = [_HEAD], 0, 0
    for piece in pieces:
        block = piece if isinstance(piece, Block) else _small_block(piece)
        parts.append(block.data)
        crc = isal_zlib.crc32_combine(crc, block.crc, block.size)
        size += block.size
    parts.append(_LAST + crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"))
    return parts


def _small_block(piece: bytes) -> Block:
    return quick_block(piece) if len(piece) >= _WORTH_IT else _stored(piece)


def _stored(piece: bytes) -> Block:
    """As it is, in blocks of the one kind that needs no compressor."""
    data = b"".join(
        b"\x00" + len(part).to_bytes(2, "little") + (len(part) ^ _STORED).to_bytes(2, "little") + part
        for part in (piece[begin : begin + _STORED] for begin in range(0, len(piece), _STORED))
    )
    return Block(data, isal_zlib.crc32(piece), len(piece))
