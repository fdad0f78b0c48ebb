"""The ways of doing the same work that the inference benchmark compares, each in a process of its own."""
