"""The reference in `docs/reference`, written from the code: the command, settings, entries, messages, REST, the chart."""
