"""How well a network sees: against itself in float32, and against what people marked."""
