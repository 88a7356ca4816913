"""Side-by-side measurements against real peers."""
