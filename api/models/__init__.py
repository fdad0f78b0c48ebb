"""How each model's workers keep up."""
