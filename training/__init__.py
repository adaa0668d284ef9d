"""The trainer's package, empty so far: it will import nothing of ours but `curate.clips` and
`curate.media`."""
