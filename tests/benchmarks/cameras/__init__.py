"""The two ways from cameras to the log that the capture benchmark compares: our service, and a plain loop a camera."""
