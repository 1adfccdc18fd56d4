"""The ground: real servers and services, each a process, with a line between any two that can be cut."""
