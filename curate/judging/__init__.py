"""What the captions of a run are worth: `curate captions`.

`statistics.py` counts what can be counted without looking, `recall.py` compares with facts that a person
wrote down, `audit.py` makes a page on which a person ticks what is right, `ticks.py` reads that back,
`judge.py` has a model do the ticking, and `rates.py` makes rates of either. Nothing of a run is changed; what
is written is in RUN/audit."""
