"""Files that commands read: JSON lines and Parquet of calls and results, plans and policies.

Belongs here: turning bytes into values of the domain, with file, line and key in every refusal.
Does not: judging them. Stands on `domain`.
"""
