"""One measure per file. `use: NAME` in a pipeline is the only public class in `filters/NAME.py`."""
