"""Pictures that commands draw: each a figure from values that the domain computed.

Belongs here: matplotlib, imported when a picture is asked for. Does not: numbers of its own, files
(`rows`), tables (`tables`). Stands on `domain`.
"""
