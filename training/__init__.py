"""The trainer's package. It reads shards through their manifest and imports only `curate.clips` and `curate.media`."""
