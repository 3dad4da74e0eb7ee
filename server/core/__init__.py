"""Pure policy. Standard library only: no clock, socket, thread, loop or logging.

Time is an argument, in monotonic seconds. Whatever has to happen is returned, and the
caller (``server.runtime``) does it.
"""
