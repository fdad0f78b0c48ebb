"""`python -m deploy.cli` is `framebus`, whatever the PATH says."""

from deploy.cli.root import main

main()
