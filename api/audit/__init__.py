"""The audit: every frame's outcome, read from the log."""
