"""Tables that commands print: each from values that the domain computed.

Belongs here: rich, columns and their words. Does not: numbers of its own, files (`rows`), pictures
(`plots`). Stands on `domain`.
"""
