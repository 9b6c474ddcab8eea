"""Answers questions about the people handbook by quoting it, with a citation, in five languages.

A question passes the guard, is matched against the passages of its locale, and is answered with
the best sentences of the best passages; below a threshold the answer is an honest "I do not know".
Nothing is generated: a text hidden in a question or in a passage has nobody to give orders to.
"""
