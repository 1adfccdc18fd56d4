"""What every service needs and none owns: the contract, messaging, the web shell and telemetry."""
