"""One frame by its address: its picture, its outcome, and inferring it again."""
