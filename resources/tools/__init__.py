"""Adapters over lint, types, tests and scanners: programs run over an exported tree.

Belongs here: starting a tool with limits and a scrubbed environment, and reading its output. A tool
that is missing, late or unintelligible is an error, never a pass. Does not: what a report means
(`domain/evals/tool_reports`). Stands on the ports.
"""
