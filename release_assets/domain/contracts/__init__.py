"""Event contracts: do published events keep the schema that consumers rely on?

Belongs here: comparing schemas, and events with a schema. Does not: capturing events
(`resources`). A keyword that is not understood is inconclusive. Stands on the words alone.
"""
