"""What every service's web app shares."""
