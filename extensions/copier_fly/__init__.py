"""The Python of the template; `extensions/load.py` loads it, and `tasks/` import it.

Nothing is imported here, so that the tasks import neither copier nor Jinja.
"""
