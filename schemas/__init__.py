"""The contract between the services: messages, names, settings, the catalogue and the ledger's arithmetic.

Nothing here does I/O, reads a clock or logs.
"""
