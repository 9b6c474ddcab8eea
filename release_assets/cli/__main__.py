"""`python -m release_assets.cli`: the `countersign` command without its script."""

from release_assets.cli.main import main

main()
