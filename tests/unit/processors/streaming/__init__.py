"""Tests of `processors.streaming`."""
