"""Who did what: roster, contributors of a change, reviews that count, segregation of duties.

Belongs here: persons and their accounts, and every rule about who may not judge their own work.
Does not: signatures (`sign_off`). An unknown identity fails closed (law 6). Stands on `evals`,
since the author of an eval case is a contributor.
"""
