"""Where a sample goes: its bucket, its leaf of the bucket's trie, its bytes in a tar. Pure functions, no
tables."""

from curate.sharding.buckets import aspect_class, bucket, length_class, size_class
from curate.sharding.tar import DamagedTar, Found, Member, Slice, members_of, offsets, tar_bytes, write_tar
from curate.sharding.trie import Leaf, leaves, place

__all__ = [
    "DamagedTar",
    "Found",
    "Leaf",
    "Member",
    "Slice",
    "aspect_class",
    "bucket",
    "leaves",
    "length_class",
    "members_of",
    "offsets",
    "place",
    "size_class",
    "tar_bytes",
    "write_tar",
]
