"""Are we back where we were, all of it?

The paperwork after the brake: reads every part back, notifies the people, writes the incident, and
reports a phase that did not pass. Does not cut traffic: `control/brake` has done that. Stands on
`control`, `jobs` and `records`.
"""
