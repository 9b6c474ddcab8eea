"""Are we back where we were, all of it?

The paperwork after the brake: reads every part back, tells the people, closes the books.
"""
