"""The `framebus` command, and everything that runs the services somewhere."""
