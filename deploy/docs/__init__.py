"""The documentation's site: pages from the repository's Markdown, and the check of what was built."""
