"""One small module for each thing that clients may ask for."""
