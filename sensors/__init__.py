"""What watches the world: read, ask `domain.triggers`, request; nothing else.

One file for each thing that is watched; `requesting` turns requests into runs, once each. Does not
belong here: any decision (`domain`), any act but lowering traffic (`control`). Stands on `jobs`,
`control` and `records`.
"""
