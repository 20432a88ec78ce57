"""Booking Rush: a virtual queue and a box office.

The files here are what every wing shares. Each folder is a link to the one of the same
name at the top of the repository, so that `queue/` can be imported as `booking_rush.queue`
and never stands in for the standard library's `queue`.
"""
