"""What is measured, on real servers and real processes; `python -m tests.bench` or `make bench`."""
