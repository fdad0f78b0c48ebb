"""Capture: cameras to the frames topics, and a count of what became of every picture."""
