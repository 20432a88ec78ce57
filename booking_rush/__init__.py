"""Booking Rush: a virtual queue and a box office.

Nothing lives here. Each entry is a link to the folder of the same name at the
top of the repository, so that `queue/` can be imported as `booking_rush.queue`
and never stands in for the standard library's `queue`.
"""
