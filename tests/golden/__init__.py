"""Golden records: what each release wrote, kept for ever, so that later versions can be held to reading it."""
