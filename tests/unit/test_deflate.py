"""One gzip member out of kept pieces: whatever they are and however they were packed, it unpacks to all of them."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deflate import Block, gzip_member, quick_block, thorough_block, unpacked

PIECES = st.one_of(
    st.binary(max_size=2000),
    st.sampled_from([b"", b",", b'{"id":1}' * 500, bytes(70_000), b"x" * 65_535, b"y" * 65_536, b"z" * 131_071]),
)


@given(
    pieces=st.lists(st.tuples(PIECES, st.sampled_from([bytes, quick_block, thorough_block])), max_size=8),
    again=st.booleans(),
)
def test_a_member_unpacks_to_its_pieces(pieces, again: bool) -> None:  # type: ignore[no-untyped-def]
    made = [pack(piece) for piece, pack in pieces]
    whole = b"".join(piece for piece, _ in pieces)
    if again:
        made, whole = made + made[::-1], whole + b"".join(piece for piece, _ in pieces[::-1])
    member = b"".join(gzip_member(made))
    assert gzip.decompress(member) == whole
    reader = zlib.decompressobj(wbits=31)
    assert reader.decompress(member) == whole
    assert reader.eof
    assert reader.unused_data == b"", "one member: browsers stop after the first"


@given(PIECES)
def test_a_block_is_what_it_was_made_of(piece: bytes) -> None:
    for block in (quick_block(piece), thorough_block(piece)):
        assert (unpacked(block), block.size, block.crc) == (piece, len(piece), zlib.crc32(piece))


def test_a_wrong_checksum_would_be_seen() -> None:
    block = quick_block(b"a list")
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(b"".join(gzip_member([Block(block.data, block.crc ^ 1, block.size)])))
