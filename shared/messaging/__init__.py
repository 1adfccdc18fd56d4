"""Events in and out without loss: one transaction per batch, one relay per database.

Start reading at `service` (what a service must offer), then `runner` (what is done with it).
"""
