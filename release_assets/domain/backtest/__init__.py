"""A plan over recorded calls: when it would have fired, what it would have promoted.

Belongs here: recorded calls, cut into looks, judged by the same code as live traffic, and what the
recording lacks. Does not: reading files of calls (`cli/rows`). Stands on `live` and `files`.
"""
