"""Who did what: roster, contributors of a change, reviews that count, segregation of duties.

Belongs here: persons, and every rule about who may not judge their own work. Accounts are one
person when `roster` lists them in one entry; `ownership` refuses an account with two owners. Does
not: signatures (`sign_off`). An unknown identity fails closed (law 6). Stands on `evals`, since the
author of an eval case is a contributor.
"""
