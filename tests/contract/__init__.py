"""The AsyncAPI document as its readers take it, beside AsyncAPI's own schema of such documents.

`asyncapi-3.0.0.schema.json` is `schemas/3.0.0.json` of the npm package `@asyncapi/specs` 6.11.1 (Apache-2.0), as it is.
"""
