"""The demo: real people's acts in a local world, and what a person sees while the pipeline works.

Acts only as people would (open, review, merge, sign) and watches the ledger; no phase is called
from here. Whatever moves a release is a sensor or a run of the Dagster that was started.
"""
