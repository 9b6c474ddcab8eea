"""Releases that never were: ledgers written entry by entry, as the pipeline writes them."""
