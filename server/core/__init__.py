"""Pure policy. Standard library only: no clock, socket, thread, loop or logging.

Time comes in as an argument, in monotonic seconds. What has to happen goes out
as a return value, and the caller (``server.runtime``) does it.
"""
