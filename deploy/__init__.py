"""Everything that runs, ships and watches the services."""
