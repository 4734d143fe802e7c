"""The sandbox PMS: a program of its own that plays a property management system, its front desk and its guests.

It is written from the vendors' documentation and shares no code with the connectors, so that a misreading on one
side shows up as a failing test instead of as an agreement between two wrong programs. Start it with
``python -m connectors.sandbox --port 8001 --data DIR``; `docs/sandbox.md` describes it.
"""
