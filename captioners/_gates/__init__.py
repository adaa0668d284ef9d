"""The gates one by one, each a pure function that says what is wrong, or None."""
