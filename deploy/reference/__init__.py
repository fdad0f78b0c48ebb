"""The reference in `docs/reference`, written from the code: the command, settings, messages, REST, the chart."""
