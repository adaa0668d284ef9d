"""Which clips show the same: pure functions on sequences of prints, without tables and without Ray.

`sequences`   the prints of a clip at even steps of time, and many clips of them in one scratch file
`candidates`  the pairs of clips that are worth comparing, among millions
`similarity`  how alike two clips are
`greedy`      which of them stay
"""
