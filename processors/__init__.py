"""Inference: one process, one model, one consumer group."""
