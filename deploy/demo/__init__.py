"""The story of Emmen, 2017 to 2022, told through the real services."""
