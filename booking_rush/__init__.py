"""Booking Rush: a virtual queue and a box office.

Every wing may use the files here. Each folder is a link to the folder of the same name at the
top of the repository: `queue/` is imported as `booking_rush.queue`, and never in place of the
standard library's `queue`.
"""
