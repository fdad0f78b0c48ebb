"""The documents do what they say: every command is run, every reference is the code's, the calculator is right."""
